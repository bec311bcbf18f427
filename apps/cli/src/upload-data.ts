// Sends files as a data set, unless the service has it already: its id follows from the files alone.
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { ApiProblem, type Client, type NamedContent } from '@stillhouse/client'
import type { Dataset } from '@stillhouse/spec'
import { CliError } from './cli-error.ts'
import { idOf, type LocalFile, readDataFiles } from './data-files.ts'

type Sender = Pick<Client, 'getDataset' | 'uploadDataset'>

/**
 * @param places files and folders
 * @param options team: whose data set it is to be; of a key that belongs to a team there is no other
 */
export async function uploadData(
  client: Sender,
  places: readonly string[],
  options: { team?: string } = {},
): Promise<{ dataset: Dataset; isNew: boolean }> {
  const files = await readDataFiles(places)
  const id = idOf(files)
  const known = await find(client, id, options)
  if (known !== null) return { dataset: known, isNew: false }
  const sent = await client.uploadDataset(files.map(contentOf), options)
  if (sent.dataset.id === id) return sent
  throw new CliError(
    `the service received other files than there were: expected the data set ${id}, received ${sent.dataset.id}. Did a file change meanwhile? Send them again.`,
  )
}

function contentOf({ path, source }: LocalFile): NamedContent {
  return { path, content: () => Readable.toWeb(createReadStream(source)) as ReadableStream<Uint8Array<ArrayBuffer>> }
}

/** A key that may only send cannot ask; then the files are sent. */
async function find(client: Sender, id: string, options: { team?: string }): Promise<Dataset | null> {
  try {
    return await client.getDataset(id, options)
  } catch (error) {
    if (error instanceof ApiProblem && (error.status === 404 || error.status === 403)) return null
    throw error
  }
}
