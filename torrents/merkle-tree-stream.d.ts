/** The part of merkle-tree-stream 4.0.0 that we call. */
declare module 'merkle-tree-stream/generator.js' {
  /** A node; `index` as in flat-tree. */
  export interface MerkleNode {
    readonly index: number
    readonly hash: Uint8Array
    readonly data: Uint8Array | null
  }
  export default class MerkleGenerator {
    constructor(options: {
      leaf: (leaf: MerkleNode) => Uint8Array
      parent: (left: MerkleNode, right: MerkleNode) => Uint8Array
    })
    /** Adds a leaf; returns the nodes that it completes. */
    next(data: Uint8Array): MerkleNode[]
  }
}
