// Options every command takes.
import type { Command } from 'commander'

export interface GlobalOptions {
  readonly url?: string
  readonly apiKey?: string
  readonly json?: boolean
}

/** Adds --url, --api-key and --json. */
export function withGlobalOptions(command: Command): Command {
  return command
    .option('--url <url>', 'address of the API (default: STILLHOUSE_URL, else the local stack)')
    .option('--api-key <key>', "API key (default: STILLHOUSE_API_KEY, else the local stack's)")
    .option('--json', 'print JSON')
}
