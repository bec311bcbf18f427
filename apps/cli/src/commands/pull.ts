// stillhouse pull: downloads a job's artifacts and checks their sha256.
import path from 'node:path'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { bytes } from '../render/format.ts'
import { saveArtifact } from '../save-artifact.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

interface PullOptions extends GlobalOptions {
  readonly into: string
  readonly all?: boolean
}

function nothingToPull(id: string, checkpoints: number): string {
  if (checkpoints > 0) return `job ${id} has only a checkpoint; download it with: stillhouse pull ${id} --all`
  return `job ${id} has no artifacts yet; see its state with: stillhouse show ${id}`
}

export function addPull(program: Command): void {
  withGlobalOptions(
    program
      .command('pull <id>')
      .description("download a job's exports and report")
      .option('--into <folder>', 'where to put them', '.')
      .option('--all', 'checkpoints too'),
  ).action(async (id: string, options: PullOptions) => {
    const client = connect(options)
    const artifacts = await client.listArtifacts(id)
    const wanted = artifacts.filter(({ kind }) => options.all === true || kind === 'export' || kind === 'report')
    if (wanted.length === 0) throw new CliError(nothingToPull(id, artifacts.length))
    for (const artifact of wanted) {
      const file = path.join(options.into, artifact.path)
      await saveArtifact(client, id, { artifact, file })
      if (!options.json) print(`${file}  ${bytes(artifact.size)}  sha256 ${artifact.sha256}`)
    }
    if (options.json) printJson(wanted)
  })
}
