// Uploaded models that are graphs, judged without running them: which files there may be, and whether each begins and ends
// like what it says it is. Whether they run, the trainer finds out.
import { open, readFile } from 'node:fs/promises'
import type { KeyHolder } from '@stillhouse/jobs'
import { ApiError } from '@stillhouse/kit'
import type { Fault, MODEL_FORMAT, ModelFormat } from '@stillhouse/spec'
import { parseJson } from '../body/parse-json.ts'

export type GraphFormat = Exclude<ModelFormat, typeof MODEL_FORMAT>

export interface GraphFile {
  /** In the model. */
  readonly name: string
  /** On this machine. */
  readonly path: string
  readonly size: number
}

interface Rules {
  readonly required: string
  readonly others: readonly RegExp[]
  /** What the names look like, for people. */
  readonly names: string
  check(files: ReadonlyMap<string, GraphFile>): Promise<readonly (Fault | null)[]>
}

const SHARD = /^variables\/variables\.data-(\d{5})-of-(\d{5})$/
const INDEX = 'variables/variables.index'
/** The end of a table of LevelDB's format. */
const TABLE_END = Buffer.from('57fb808b247547db', 'hex')
/** Topology and weight manifest: text, even for very deep networks. */
const MODEL_JSON_LIMIT = 16 * 2 ** 20

const RULES: Readonly<Record<GraphFormat, Rules>> = {
  'saved-model': {
    required: 'saved_model.pb',
    others: [/^fingerprint\.pb$/, /^keras_metadata\.pb$/, /^variables\/variables\.index$/, SHARD],
    names: 'saved_model.pb, variables/variables.index, variables/variables.data-…, fingerprint.pb, keras_metadata.pb',
    // version 1 of the format, then the first graph
    check: async (files) => [
      await begins(files.get('saved_model.pb'), [[0x08, 0x01, 0x12]], 'a SavedModel of version 1'),
      await variablesFault(files),
    ],
  },
  'tfjs-graph': {
    required: 'model.json',
    others: [/^[\w-][\w.-]{0,99}\.bin$/],
    names: 'model.json and the .bin files that it names',
    check: async (files) => [await graphJsonFault(files)],
  },
  onnx: {
    required: 'model.onnx',
    others: [],
    names: 'model.onnx, with its weights inside',
    // the version of the format, 1 to 20
    check: async (files) => {
      const versions = Array.from({ length: 20 }, (_, i) => [0x08, i + 1])
      return [await begins(files.get('model.onnx'), versions, 'an ONNX model that begins with its version')]
    },
  },
}

/** Whether a model of that format may hold a file of that name. */
export function mayHold(format: GraphFormat, name: string): boolean {
  const { required, others } = RULES[format]
  return name === required || others.some((pattern) => pattern.test(name))
}

/** What the files of a format are called, for messages. */
export function namesOf(format: GraphFormat): string {
  return RULES[format].names
}

/** Faults of files that `mayHold` let through; their paths are names of files. */
export async function graphFaults(format: GraphFormat, files: readonly GraphFile[]): Promise<Fault[]> {
  const { required, names, check } = RULES[format]
  const byName = new Map(files.map((file) => [file.name, file]))
  if (!byName.has(required)) {
    const received = [...byName.keys()].join(', ') || 'no file'
    return [{ path: `/${required}`, message: 'the file is missing', expected: names, received }]
  }
  return (await check(byName)).filter((fault) => fault !== null)
}

async function begins(file: GraphFile | undefined, starts: readonly number[][], expected: string) {
  if (file === undefined) return null
  const head = await bytesAt(file, 0, 8)
  if (starts.some((start) => start.every((byte, i) => head[i] === byte))) return null
  const received = file.size === 0 ? 'an empty file' : `bytes ${head.toString('hex')}…`
  return { path: `/${file.name}`, message: 'the file is something else', expected, received }
}

async function variablesFault(files: ReadonlyMap<string, GraphFile>): Promise<Fault | null> {
  const shards = [...files.keys()].filter((name) => SHARD.test(name)).sort()
  const index = files.get(INDEX)
  if (index === undefined && shards.length === 0) return null
  const total = Number(SHARD.exec(shards[0] ?? '')?.[2] ?? 1)
  const number = (i: number) => String(i).padStart(5, '0')
  // never more names than files: the number in a name is anyone's
  const wanted = Array.from(
    { length: Math.min(total, shards.length + 1) },
    (_, i) => `variables/variables.data-${number(i)}-of-${number(total)}`,
  )
  const expected = `${INDEX} and ${total} of its data files`
  if (index === undefined || wanted.join() !== shards.join())
    return {
      path: '/variables',
      message: 'the variables are not whole',
      expected,
      received: [...files.keys()].join(', '),
    }
  const end = await bytesAt(index, Math.max(0, index.size - TABLE_END.length), TABLE_END.length)
  if (end.equals(TABLE_END)) return null
  return {
    path: `/${INDEX}`,
    message: 'the file is cut off',
    expected: 'a table to its end',
    received: end.toString('hex'),
  }
}

async function graphJsonFault(files: ReadonlyMap<string, GraphFile>): Promise<Fault | null> {
  const file = files.get('model.json') as GraphFile
  const path = '/model.json'
  if (file.size > MODEL_JSON_LIMIT)
    return { path, message: 'too large', expected: `at most ${MODEL_JSON_LIMIT} bytes`, received: `${file.size}` }
  const json = parseJson(await readFile(file.path, 'utf8')) as GraphJson | null
  const nodes = json?.modelTopology?.node
  if (json?.format !== 'graph-model' || !Array.isArray(nodes))
    return {
      path,
      message: 'no GraphModel',
      expected: 'format "graph-model" with nodes',
      received: String(json?.format),
    }
  const groups = Array.isArray(json.weightsManifest) ? json.weightsManifest : []
  const named = groups.flatMap(({ paths }) => (Array.isArray(paths) ? paths.map(String) : []))
  const expected = ['model.json', ...named].sort().join(', ')
  const received = [...files.keys()].sort().join(', ')
  if (expected === received) return null
  return {
    path: `${path}/weightsManifest`,
    message: 'the files are not those that model.json names',
    expected,
    received,
  }
}

interface GraphJson {
  readonly format?: unknown
  readonly modelTopology?: { readonly node?: unknown }
  readonly weightsManifest?: readonly { readonly paths?: unknown }[]
}

async function bytesAt({ path }: GraphFile, position: number, length: number): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

type Holder = Pick<KeyHolder, 'name' | 'scopes' | 'teamId'>

/** @throws ApiError auth.forbidden: a graph is a program, and runs on the workers of all teams */
export function requireGraphScope(format: GraphFormat, key: Holder | null): void {
  if (key?.scopes.includes('models:trusted') || (key?.scopes.includes('admin') && key.teamId === null)) return
  const received = `a key ${key?.teamId == null ? '' : 'of a team '}with ${key?.scopes.join(', ') || 'no scopes'}`
  throw new ApiError(
    'auth.forbidden',
    `The API key "${key?.name}" may not send models of the format ${format}: they are programs that run on the workers. Expected the scope models:trusted, or admin in a key of the cluster; received ${received}.`,
  )
}
