// What is written about metrics must be true: docs/metrics.md lists the series that exist, and dashboard and alert rules
// ask for no other.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { createTestApp, type TestApp } from '../../apps/api/src/testing/test-app.ts'
import { createWorkerMetrics } from '../../apps/worker/src/metrics.ts'

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url))
const read = (file: string): string => readFileSync(path.join(CHECKOUT, file), 'utf8')

interface Registered {
  readonly type: string
  /** Seen on its samples, without `le`. */
  readonly labels: readonly string[]
}

let t: TestApp
let api: Map<string, Registered>
let worker: Map<string, Registered>

beforeAll(async () => {
  t = createTestApp()
  await t.app.inject('/nowhere')
  api = registered((await t.app.inject('/metrics')).body)
  const metrics = createWorkerMetrics()
  metrics.heartbeat(true)
  metrics.trainerEnded('exit 0')
  metrics.attemptEnded('abandoned')
  const step = metrics.watchSteps()
  step({ stage: 'teacher', step: 1 })
  step({ stage: 'teacher', step: 2 })
  worker = registered(await metrics.registry.metrics())
})
afterAll(() => t.app.close())

/** Our series in a text of metrics, with the labels of their first sample. */
function registered(text: string): Map<string, Registered> {
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
  return new Map(
    types.map(([, name = '', type = '']) => {
      const [, labels = ''] = new RegExp(`^${name}(?:_bucket)?\\{([^}]*)\\}`, 'm').exec(text) ?? []
      const names = [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label).filter((label) => label !== 'le')
      return [name, { type, labels: names }]
    }),
  )
}

const ours = (series: Map<string, Registered>) => [...series].filter(([name]) => name.startsWith('stillhouse_'))

/** Rows of the table below a heading of docs/metrics.md. */
function documented(heading: string): [string, Registered][] {
  const [, section = ''] = read('docs/metrics.md').split(`\n## ${heading}\n`)
  const [own = ''] = section.split('\n## ')
  return [...own.matchAll(/^\| `(stillhouse_\w+)` \| (\w+) \|([^|]*)\|/gm)].map(
    ([, name = '', type = '', labels = '']) => [
      name,
      { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label) },
    ],
  )
}

const byName = (a: [string, unknown], b: [string, unknown]): number => a[0].localeCompare(b[0])

describe('docs/metrics.md', () => {
  it('lists the series of the API with their types and labels, and no other', () => {
    expect(documented('The service, at every replica').sort(byName)).toEqual(ours(api).sort(byName))
  })

  it('lists the series of a worker with their types and labels, and no other', () => {
    expect(documented('Workers').sort(byName)).toEqual(ours(worker).sort(byName))
  })
})

interface Panel {
  title: string
  targets?: { expr: string }[]
}

interface Rule {
  alert: string
  expr: string
  labels: { severity: string }
  annotations: { summary: string }
}

const dashboards = readdirSync(path.join(CHECKOUT, 'infra/grafana/dashboards'))
const panels = dashboards.flatMap(
  (file) => (JSON.parse(read(`infra/grafana/dashboards/${file}`)) as { panels: Panel[] }).panels,
)
const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const))
const rules = (parse(read('infra/grafana/prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
)

/** Names of series, and names of labels, that a query in PromQL uses. */
function used(expr: string): { series: string[]; labels: string[] } {
  const bare = expr.replace(/"[^"]*"/g, '""')
  const matchers = [...bare.matchAll(/\{([^}]*)\}/g)].flatMap(
    ([, inner = '']) => inner.match(/\w+(?=\s*[=!]~?)/g) ?? [],
  )
  const grouped = [...bare.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, inner = '']) => inner.split(/,\s*/))
  return { series: bare.match(/\b(?:stillhouse|process|nodejs)_\w+/g) ?? [], labels: [...matchers, ...grouped] }
}

/** The registered series of a name in a query, which may be that of a part of a histogram. */
function find(name: string): Registered | undefined {
  const all = new Map([...worker, ...api])
  return all.get(name) ?? all.get(name.replace(/_(bucket|sum|count)$/, ''))
}

const FROM_PROMETHEUS = ['instance', 'job', 'le']

describe.each([...queries, ...rules.map(({ alert, expr }) => [alert, expr] as const)])(
  'the query of "%s"',
  (_of, expr) => {
    it('asks for series that exist, by labels that they have', () => {
      const { series, labels } = used(expr)
      expect(series.length).toBeGreaterThan(0)
      const known = series.map((name) => ({ name, found: find(name) }))
      expect(known.filter(({ found }) => found === undefined)).toEqual([])
      const has = new Set([...FROM_PROMETHEUS, ...known.flatMap(({ found }) => found?.labels ?? [])])
      expect(labels.filter((label) => !has.has(label))).toEqual([])
    })

    it('never adds up over replicas what each of them tells of the whole service', () => {
      const [, section = ''] = read('docs/metrics.md').split('\n## The service, at every replica\n')
      const whole = new Set(
        [...section.matchAll(/^\| `(\w+)` \|[^|]*\|[^|]*\| service \|/gm)].map(([, name = '']) => name),
      )
      const asked = used(expr).series.filter((name) => whole.has(name.replace(/_(bucket|sum|count)$/, '')))
      for (const name of asked)
        expect(expr).toMatch(new RegExp(`max(?: by \\([^)]*\\))? \\(?\\(?(?:rate|increase)?\\(?${name}|max\\(${name}`))
    })
  },
)

describe('infra/grafana', () => {
  it('has alerts with a severity and words, each once', () => {
    expect(rules.length).toBeGreaterThan(0)
    for (const { labels, annotations } of rules) {
      expect(['critical', 'warning']).toContain(labels.severity)
      expect(annotations.summary).not.toBe('')
    }
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  })

  it('shows every series of the service that is worth an alert', () => {
    const shown = new Set(
      [...queries.map(([, expr]) => expr), ...rules.map(({ expr }) => expr)].flatMap((expr) => used(expr).series),
    )
    const rows = [...read('docs/metrics.md').matchAll(/^\| `(stillhouse_\w+)` .*\| ([^|]+) \|$/gm)]
    const worth = rows.flatMap(([, name = '', alert = '']) => (alert.trim() === '' ? [] : [name]))
    const missing = worth.filter((name) => ![...shown].some((one) => one.replace(/_(bucket|sum|count)$/, '') === name))
    expect(worth.length).toBeGreaterThan(0)
    expect(missing).toEqual([])
  })

  it('keeps what it mounts and scrapes in step with docker-compose.yml', () => {
    const compose = parse(read('docker-compose.yml'), { merge: true }) as {
      services: Record<
        string,
        { environment?: Record<string, string>; profiles?: string[]; volumes?: string[]; ports?: string[] }
      >
    }
    const { prometheus, grafana, worker: cpu, api: replica } = compose.services
    expect(prometheus?.profiles).toEqual(['observe'])
    expect(grafana?.profiles).toEqual(['observe'])
    expect(prometheus?.volumes).toContain('./infra/grafana/prometheus:/etc/prometheus:ro')
    expect(grafana?.volumes).toContain('./infra/grafana/dashboards:/var/lib/grafana/dashboards:ro')
    const config = parse(read('infra/grafana/prometheus/prometheus.yml')) as {
      scrape_configs: { dns_sd_configs: { names: string[]; port: number }[] }[]
    }
    const ports = config.scrape_configs.flatMap(({ dns_sd_configs }) =>
      dns_sd_configs.flatMap(({ names, port }) => names.map((name) => [name, port])),
    )
    expect(Object.fromEntries(ports)).toEqual({
      api: Number(replica?.environment?.['PORT']),
      worker: Number(cpu?.environment?.['METRICS_PORT']),
      'worker-gpu': Number(cpu?.environment?.['METRICS_PORT']),
    })
  })
})
