// stillhouse upload-data: sends files or folders to be trained on.
import type { Command } from 'commander'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { bytes } from '../render/format.ts'
import { uploadData } from '../upload-data.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

/** The answer comes when everything was sent. */
const TIMEOUT_MS = 24 * 60 * 60 * 1000

export function addUploadData(program: Command): void {
  withGlobalOptions(
    program
      .command('upload-data <files-or-folders...>')
      .description('send files, or the files of folders, as a data set; archives are not unpacked'),
  ).action(async (places: string[], options: GlobalOptions) => {
    const { dataset, isNew } = await uploadData(connect(options, TIMEOUT_MS), places)
    if (options.json) return printJson(dataset)
    const { id, files, size } = dataset
    print(
      `${id}  ${files.length} ${files.length === 1 ? 'file' : 'files'}, ${bytes(size)}${isNew ? '' : ', was there already'}`,
    )
    print(`name it in a job with: data: {from: {upload: ${id}}}`)
  })
}
