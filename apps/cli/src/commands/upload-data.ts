// stillhouse upload-data: sends files or folders to be trained on.
import type { Client } from '@stillhouse/client'
import { DEFAULT_TEAM } from '@stillhouse/spec'
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { bytes } from '../render/format.ts'
import { uploadData } from '../upload-data.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

/** A key of the cluster sees what all teams have: what counts is whether the one that is meant has it. */
async function whose(client: Client, { team }: { team?: string }): Promise<{ team?: string }> {
  if (team !== undefined) return { team }
  return (await client.getMe()).team === null ? { team: DEFAULT_TEAM.name } : {}
}

/** The answer comes when everything was sent. */
const TIMEOUT_MS = 24 * 60 * 60 * 1000

export function addUploadData(program: Command): void {
  withGlobalOptions(
    program
      .command('upload-data <files-or-folders...>')
      .description('send files, or the files of folders, as a data set; archives are not unpacked')
      .option('--team <name>', 'with a key of the cluster: whose it is to be (default: default)'),
  ).action(async (places: string[], options: GlobalOptions & { team?: string }) => {
    const client = connect(options, TIMEOUT_MS)
    const { dataset, isNew } = await uploadData(client, places, await whose(client, options))
    if (options.json) return printJson(dataset)
    const { id, files, size } = dataset
    print(
      `${id}  ${files.length} ${files.length === 1 ? 'file' : 'files'}, ${bytes(size)}${isNew ? '' : ', was there already'}`,
    )
    print(`name it in a job with: data: {from: {upload: ${id}}}`)
  })
}
