// Data sets sent by users: any files under plain relative paths. A set's id is the digest of its manifest, so equal
// files under equal names are one data set, whoever sends them.
import { type Static, Type } from 'typebox'
import { canonicalJson } from './canonical-json.ts'
import type { Fault } from './fault.ts'
import { escapePointer } from './json-pointer.ts'

const strict = { additionalProperties: false } as const
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' })
const Size = Type.Integer({ minimum: 0, description: 'bytes' })

/** One folder or file name: no dot segment, no separator of any system, no quote and no control character. */
const SEGMENT = '(?!\\.{1,2}(?:/|$))[^/\\\\"\\u0000-\\u001f\\u007f]+'
export const DATASET_PATH_PATTERN = `^${SEGMENT}(?:/${SEGMENT})*$`

/** Longest path, in characters. */
export const DATASET_PATH_LENGTH = 400
/** Longest file or folder name, in bytes of UTF-8: what file systems take. */
const SEGMENT_BYTES = 255

export const DatasetFile = Type.Object(
  {
    path: Type.String({
      pattern: DATASET_PATH_PATTERN,
      maxLength: DATASET_PATH_LENGTH,
      description: 'relative, e.g. train/cat/1.png',
    }),
    sha256: Sha256,
    size: Size,
  },
  strict,
)
export type DatasetFile = Static<typeof DatasetFile>

const summary = {
  id: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'sha256 of the manifest' }),
  size: Size,
  createdAt: Type.String({ format: 'date-time' }),
}

/** Usable in a job as `data: {from: {upload: id}}`. */
export const Dataset = Type.Object({ ...summary, files: Type.Array(DatasetFile) }, { ...strict, $id: 'Dataset' })
export type Dataset = Static<typeof Dataset>

export const DatasetSummary = Type.Object(
  { ...summary, fileCount: Type.Integer({ minimum: 1 }) },
  { ...strict, $id: 'DatasetSummary' },
)
export type DatasetSummary = Static<typeof DatasetSummary>

export const DatasetPage = Type.Object(
  {
    items: Type.Array(DatasetSummary),
    nextCursor: Type.Union([Type.String(), Type.Null()], { description: 'pass as `cursor` to go on from here' }),
  },
  strict,
)
export type DatasetPage = Static<typeof DatasetPage>

/** The files in the order of their paths (by UTF-16 code units), as they are listed and hashed. */
export function sortedFiles(files: readonly DatasetFile[]): DatasetFile[] {
  return files
    .map(({ path, sha256, size }) => ({ path, sha256, size }))
    .sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

/** The text whose sha256 is the id of a data set. */
export function datasetManifest(files: readonly DatasetFile[]): string {
  return canonicalJson({ files: sortedFiles(files) })
}

/** What is wrong with the names of a data set's files: each by itself, and all of them in one folder. */
export function datasetPathFaults(paths: readonly string[]): Fault[] {
  const files = new Set(paths)
  const seen = new Set<string>()
  return paths.flatMap((path) => {
    const repeated = seen.has(path)
    seen.add(path)
    return pathFault(path) ?? (repeated ? repeatedFault(path) : folderFault(path, files)) ?? []
  })
}

const PLAIN = new RegExp(DATASET_PATH_PATTERN)

function pathFault(path: string): Fault | null {
  const long = path.split('/').some((segment) => new TextEncoder().encode(segment).length > SEGMENT_BYTES)
  if (PLAIN.test(path) && path.length <= DATASET_PATH_LENGTH && !long) return null
  return fault(path, {
    message: 'not a path for a file of a data set',
    expected:
      `names separated by /, without . and .., backslashes, quotes and control characters; ` +
      `at most ${DATASET_PATH_LENGTH} characters, ${SEGMENT_BYTES} bytes each name`,
  })
}

function repeatedFault(path: string): Fault {
  return fault(path, { message: 'two files have one path', expected: 'another path' })
}

/** `a` and `a/b` cannot both be files. */
function folderFault(path: string, files: ReadonlySet<string>): Fault | null {
  const folders = [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index))
  const taken = folders.find((folder) => files.has(folder))
  if (taken === undefined) return null
  return fault(path, { message: `its folder ${taken} is a file of the data set too`, expected: 'another path' })
}

function fault(path: string, rest: Pick<Fault, 'message' | 'expected'>): Fault {
  const shown = path.length > 200 ? `${path.slice(0, 200)}…` : path
  return { path: `/${escapePointer(shown)}`, ...rest, received: JSON.stringify(shown) }
}
