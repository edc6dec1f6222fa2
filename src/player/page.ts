/**
 * The page with the player, for browsers: one file, no script, nothing from elsewhere.
 * @module
 */
import { createHash } from 'node:crypto'

const STYLE = `html{color-scheme:dark}body{margin:0;background:#000;color:#ccc;font:16px system-ui,sans-serif}
video{display:block;width:100vw;height:calc(100vh - 3rem)}audio{display:block;width:100vw}
p{margin:0;padding:0 1rem;line-height:3rem;overflow:hidden;white-space:nowrap;text-overflow:ellipsis}a{color:inherit}`

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** Content-Security-Policy of the page: its own style, media from the same server, nothing else. */
export const PAGE_POLICY: string = [
  "default-src 'none'",
  "media-src 'self'",
  `style-src 'sha256-${STYLE_HASH}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/**
 * The page.
 * @param name - file name, shown
 * @param href - the file, relative to the page, percent-encoded
 * @param type - its media type
 */
export function pageOf(name: string, href: string, type: string): string {
  const [title, src] = [escaped(name), escaped(href)]
  const tag = type.startsWith('audio/') ? 'audio' : 'video'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<${tag} src="${src}" controls autoplay preload="metadata"></${tag}>
<p><a href="${src}">${title}</a></p>
</body>
</html>
`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
