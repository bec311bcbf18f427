// A data set that lies elsewhere, as the cache sees it: what files there are, and how each of them is brought here.

export interface RemoteFile {
  /** Relative; checked with `datasetPathFaults`. */
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Null where only the bytes themselves can tell. */
  readonly sha256: string | null
  /** Writes the content to the file `target`. */
  fetch(target: string, signal: AbortSignal): Promise<void>
}

export interface RemoteData {
  /** Names exactly this content; plain enough for a folder. */
  readonly key: string
  /** For people. */
  readonly label: string
  readonly files: readonly RemoteFile[]
}

export function bytesOf({ files }: Pick<RemoteData, 'files'>): number {
  return files.reduce((sum, { size }) => sum + size, 0)
}
