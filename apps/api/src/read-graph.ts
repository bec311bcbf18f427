// Several jobs in one document that name each other: names become ids, the jobs an order in which each comes after those
// that it waits for. A circle is refused and spelled out.
import { type Fault, GRAPH_NAME_PATTERN, MOST_IN_GRAPH, nearest, Uuid } from '@stillhouse/spec'
import { Value } from 'typebox/value'

export interface GraphJob {
  readonly name: string
  readonly id: string
  /** As it was written, with ids in place of names. */
  readonly body: Record<string, unknown>
}

export interface ReadGraph {
  /** Whom a job waits for comes before it, as far as there are no faults. */
  readonly jobs: readonly GraphJob[]
  readonly faults: readonly Fault[]
}

type Fields = Record<string, unknown>

/** @param newIds ids that sort in their order */
export function readGraph(input: unknown, newIds: (count: number) => readonly string[]): ReadGraph {
  const outer = shapeFaults(input)
  if (outer.length > 0) return { jobs: [], faults: outer }
  const bodies = new Map(Object.entries(structuredClone((input as { jobs: Fields }).jobs) as Record<string, Fields>))
  const links = [...bodies].flatMap(([name, body]) => linksOf(name, body))
  const edges = links.filter(({ to }) => bodies.has(to))
  const order = inOrder([...bodies.keys()], edges)
  const names = order.names
  const ids = new Map(newIds(names.length).map((id, i) => [names[i] ?? '', id]))
  for (const { to, put } of edges) put(ids.get(to) ?? '')
  return {
    jobs: names.map((name) => ({ name, id: ids.get(name) ?? '', body: { name, ...bodies.get(name) } })),
    faults: [...links.flatMap((link) => unknownFaults(link, [...bodies.keys()])), ...order.faults],
  }
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What keeps the document from being read at all. */
function shapeFaults(input: unknown): Fault[] {
  const expected = `an object of 1 to ${MOST_IN_GRAPH} jobs by their names`
  if (!isRecord(input) || !isRecord(input['jobs']))
    return [{ path: isRecord(input) ? '/jobs' : '', message: 'these are no jobs', expected, received: kind(input) }]
  const names = Object.keys(input['jobs'])
  const strange = Object.keys(input).filter((field) => field !== 'jobs')
  return [
    ...strange.map((field) => fault(`/${segment(field)}`, `unknown field ${field}`, 'only jobs', field)),
    ...(names.length < 1 || names.length > MOST_IN_GRAPH
      ? [fault('/jobs', 'not as many jobs as may be sent at once', expected, `${names.length} jobs`)]
      : []),
    ...names
      .filter((name) => !new RegExp(GRAPH_NAME_PATTERN).test(name))
      .map((name) => fault(`/jobs/${segment(name)}`, 'not a name for a job', NAME_FORM, name)),
    ...Object.entries(input['jobs'])
      .filter(([, job]) => !isRecord(job))
      .map(([name, job]) => fault(`/jobs/${segment(name)}`, 'a job is an object', 'an object', kind(job))),
  ]
}

const NAME_FORM = 'up to 100 letters, digits, dots, hyphens and underscores, a letter or digit first'

function fault(path: string, message: string, expected: string, received: string): Fault {
  return { path, message, expected, received }
}

function kind(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`
}

function segment(field: string): string {
  return field.replaceAll('~', '~0').replaceAll('/', '~1')
}

interface Link {
  readonly from: string
  readonly to: string
  readonly path: string
  readonly put: (id: string) => void
}

/** Every place of a job that names another. */
function linksOf(from: string, body: Fields): Link[] {
  const links: Link[] = []
  const look = (holder: unknown, key: string | number, path: string): void => {
    if (typeof holder !== 'object' || holder === null) return
    const fields = holder as Record<string | number, unknown>
    const to = fields[key]
    const put = (id: string): void => {
      fields[key] = id
    }
    if (typeof to === 'string') links.push({ from, to, path: `/jobs/${from}${path}`, put })
  }
  const after = Array.isArray(body['after']) ? body['after'] : []
  for (const [i, one] of after.entries())
    if (typeof one === 'string') look(after, i, `/after/${i}`)
    else look(one, 'job', `/after/${i}/job`)
  const sourceOf = (teacher: unknown): unknown => (isRecord(teacher) ? teacher['from'] : undefined)
  look(sourceOf(body['teacher']), 'job', '/teacher/from/job')
  const teachers = Array.isArray(body['teachers']) ? body['teachers'] : []
  for (const [i, teacher] of teachers.entries()) look(sourceOf(teacher), 'job', `/teachers/${i}/from/job`)
  return links
}

function unknownFaults({ from, to, path }: Link, names: readonly string[]): Fault[] {
  if (names.includes(to) || Value.Check(Uuid, to)) return []
  const others = names.filter((name) => name !== from)
  const suggestion = nearest(to, others)
  const expected = `the name of a job of this document${others.length > 0 ? ` (${others.join(', ')})` : ''} or an id`
  const found = { path, message: 'there is no such job', expected, received: to }
  return [suggestion === undefined ? found : { ...found, suggestion }]
}

/** Depth first; a job that is met again while its own dependencies are being visited closes a circle. */
function inOrder(names: readonly string[], edges: readonly Link[]): { names: string[]; faults: Fault[] } {
  const done = new Set<string>()
  const faults: Fault[] = []
  const visit = (name: string, way: readonly string[]): void => {
    if (done.has(name)) return
    for (const { to, path } of edges.filter(({ from }) => from === name)) {
      const here = [...way, name]
      if (here.includes(to)) faults.push(circle(path, [...here.slice(here.indexOf(to)), to]))
      else visit(to, here)
    }
    done.add(name)
  }
  for (const name of names) visit(name, [])
  return { names: [...done], faults }
}

function circle(path: string, way: readonly string[]): Fault {
  const spelled = way.join(' → ')
  const message = `these jobs wait for each other, so none could ever start: ${spelled}`
  return { path, message, expected: 'jobs that wait for each other in no circle', received: spelled }
}
