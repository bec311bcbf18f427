// stillhouse catalog: what a job can name – methods, models, data sets, exports – and their parameters.
import type { Catalog, CatalogEntry } from '@stillhouse/spec'
import type { Command } from 'commander'
import { CliError } from '../cli-error.ts'
import { connect } from '../connect.ts'
import { print, printJson } from '../print.ts'
import { table } from '../render/table.ts'
import { type GlobalOptions, withGlobalOptions } from './global-options.ts'

const SHELVES = ['methods', 'models', 'data', 'exports'] as const

function overview(catalog: Catalog): string {
  return SHELVES.map(
    (shelf) => `${shelf}\n${catalog[shelf].map(({ name, title }) => `  ${name.padEnd(16)} ${title}`).join('\n')}`,
  ).join('\n\n')
}

interface ParameterSchema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly description?: string
}

function details({ name, title, summary, paper, parameters }: CatalogEntry): string {
  const properties = (parameters['properties'] ?? {}) as Record<string, ParameterSchema>
  const rows = Object.entries(properties).map(([parameter, schema]) => [
    parameter,
    schema.enum?.join(' | ') ?? schema.type ?? '',
    schema.default === undefined ? '' : JSON.stringify(schema.default),
    schema.description ?? '',
  ])
  const source = paper === null ? [] : [`${paper.authors}: ${paper.title}. ${paper.venue} ${paper.year}`]
  const params = rows.length === 0 ? ['no parameters'] : [table(['parameter', 'type', 'default', 'meaning'], rows)]
  return [`${name} – ${title}`, summary, ...source, '', ...params].join('\n')
}

export function addCatalog(program: Command): void {
  withGlobalOptions(
    program.command('catalog [name]').description('list what a job can name, or show one entry'),
  ).action(async (name: string | undefined, options: GlobalOptions) => {
    const catalog = await connect(options).getCatalog()
    if (name === undefined) return options.json ? printJson(catalog) : print(overview(catalog))
    const entries = SHELVES.flatMap((shelf) => catalog[shelf]).filter((entry) => entry.name === name)
    if (entries.length === 0)
      throw new CliError(`there is no "${name}" on any shelf; list them with: stillhouse catalog`)
    return options.json ? printJson(entries) : print(entries.map(details).join('\n\n'))
  })
}
