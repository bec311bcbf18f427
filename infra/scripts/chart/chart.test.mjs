// The chart without helm: what helm made of it lies in the repository, and must be of this chart. Everything that the
// chart says about our processes – variables, commands, routes, times – is held against the processes themselves.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { readEnvironment } from '../../../apps/api/src/environment.ts'
import { readSettings } from '../../../apps/worker/src/settings.ts'
import { s3Config } from '../../../packages/artifacts/src/s3-config.ts'
import { ROOT } from '../setup/paths.mjs'
import { CHART, currentChecksums, exampleNames, recordedChecksums, renderedManifests } from './chart-files.mjs'

/** Names that a function reads from the environment it is given. @param {(env: NodeJS.ProcessEnv) => unknown} read */
function namesReadBy(read) {
  const names = new Set()
  const env = new Proxy({}, { get: (_, name) => void names.add(String(name)) })
  try {
    read(env)
  } catch (error) {
    if (error.name !== 'EnvError') throw error
  }
  return names
}

const API = namesReadBy(readEnvironment)
const WORKER = namesReadBy(readSettings)
const S3 = namesReadBy(s3Config)
/** Read by packages/kit/src/logger.ts. */
const LOG = 'LOG_LEVEL'
/** Not ours: of Node and of the CUDA driver. */
const SYSTEM = ['HOME', 'NODE_OPTIONS']

const examples = exampleNames().map((name) => ({ name, manifests: renderedManifests(name) }))
const pods = examples.flatMap(({ name, manifests }) =>
  manifests.flatMap(({ kind, metadata, spec }) => {
    const pod = kind === 'Deployment' ? spec.template : kind === 'CronJob' ? spec.jobTemplate.spec.template : undefined
    if (pod === undefined) return []
    const [container] = pod.spec.containers
    const env = new Map(container.env.map((one) => [one.name, one]))
    const part = pod.metadata.labels['app.kubernetes.io/component']
    return [{ title: `${metadata.name} of ${name}`, part, labels: pod.metadata.labels, spec: pod.spec, container, env }]
  }),
)
const apis = pods.filter(({ part }) => part === 'api')
const workers = pods.filter(({ part }) => part === 'worker')
const schema = JSON.parse(readFileSync(path.join(CHART, 'values.schema.json'), 'utf8'))
const compose = parse(readFileSync(path.join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true })

it('the kept rendering is of this chart (otherwise: node infra/scripts/check-chart.mjs --update)', () => {
  expect(recordedChecksums()).toEqual(currentChecksums())
  expect(apis).toHaveLength(exampleNames().length)
})

describe.each(pods)('$title', ({ part, spec, container, env }) => {
  it('sets only variables that somebody reads', () => {
    const known = { api: [...API, ...S3], worker: [...WORKER, ...S3], backup: ['DATABASE_URL', 'ARTIFACT_URL', ...S3] }[
      part
    ]
    expect([...env.keys()].filter((name) => ![...known, LOG, ...SYSTEM].includes(name))).toEqual([])
  })

  it('runs as nobody special, on a root that cannot be written to', () => {
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(spec.automountServiceAccountToken).toBe(false)
  })

  it('mounts every volume that it has, and has room to write in /tmp', () => {
    const mounted = container.volumeMounts.map((mount) => mount.name)
    expect(mounted.toSorted()).toEqual(spec.volumes.map((volume) => volume.name).toSorted())
    expect(container.volumeMounts).toContainEqual({ name: 'tmp', mountPath: '/tmp' })
  })
})

describe.each(apis)('$title', ({ spec, container, env }) => {
  it('starts with the environment that the API accepts', () => {
    const filled = { DATABASE_URL: 'postgresql://db/x', QUEUE_URL: 'redis://r', WORKER_TOKEN: 'x'.repeat(16) }
    const said = Object.fromEntries(
      [...env].flatMap(([name, { value }]) => (value === undefined ? [] : [[name, value]])),
    )
    const read = readEnvironment({ ...filled, ...said })
    expect(read.PORT).toBe(container.ports[0].containerPort)
    expect(container.command).toEqual(compose.services.api.command)
  })

  it('is probed on routes that the API has and that need no key', () => {
    const { paths } = JSON.parse(readFileSync(path.join(ROOT, 'docs/openapi.json'), 'utf8'))
    for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe])
      expect(paths[probe.httpGet.path].get.security ?? []).toEqual([])
  })

  it('is left the time that a shutdown takes', () => {
    const graceMs = /GRACE_MS = (\d+)_000/.exec(readFileSync(path.join(ROOT, 'apps/api/src/main.ts'), 'utf8'))?.[1]
    const before = Number(container.lifecycle.preStop.exec.command[1])
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(Number(graceMs) + before)
  })
})

describe.each(workers)('$title', ({ spec, container, env, labels }) => {
  const said = Object.fromEntries([...env].flatMap(([name, { value }]) => (value === undefined ? [] : [[name, value]])))
  const settings = readSettings({ ...said, WORKER_TOKEN: 'x', QUEUE_URL: 'redis://r' })

  it('may take as long to drain as it wants to', () => {
    expect(spec.terminationGracePeriodSeconds * 1000).toBeGreaterThan(settings.drainMs)
  })

  it('knows the address of no database, and no secret but its own', () => {
    expect([...env.keys()]).not.toContain('DATABASE_URL')
    const secrets = [...env.values()].flatMap((one) => one.valueFrom?.secretKeyRef?.name ?? [])
    expect(secrets.filter((name) => !['stillhouse-worker', 'stillhouse-data-reader'].includes(name))).toEqual([])
  })

  it('writes only where it has a volume, and keeps its caches within theirs', () => {
    const places = container.volumeMounts.map((mount) => mount.mountPath)
    for (const folder of [settings.scratchDir, settings.dataCacheDir, settings.teacherCacheDir, settings.healthFile])
      expect(places.some((place) => folder.startsWith(`${place}/`) || folder === place)).toBe(true)
    const sized = spec.volumes.find((volume) => volume.name === 'cache').emptyDir?.sizeLimit
    const bytes = sized === undefined ? Infinity : Number.parseInt(sized, 10) * 2 ** (sized.endsWith('Ti') ? 40 : 30)
    expect(settings.dataCacheBytes + settings.teacherCacheBytes).toBeLessThan(bytes)
    expect(settings.teacherCacheBytes).toBeGreaterThan(0)
  })

  it('tells jobs of its pool, and has a slot for each of its GPUs', () => {
    expect(settings.labels['pool']).toBe(labels['stillhouse/pool'])
    const gpus = container.resources.limits?.['nvidia.com/gpu'] ?? 0
    expect(settings.slots).toBeGreaterThanOrEqual(Math.max(1, gpus))
    expect(container.image.includes('worker-gpu')).toBe(gpus > 0)
    expect(container.command).toEqual(compose.services.worker.command)
  })

  it('is probed by the file that it keeps, with the words that it writes', () => {
    const source = readFileSync(path.join(ROOT, 'apps/worker/src/health-file.ts'), 'utf8')
    const [, , word, file] = container.readinessProbe.exec.command
    expect(source).toContain(`'${word}'`)
    expect(file).toBe(settings.healthFile)
  })
})

it('the settings that values may hold are the variables that the chart does not set itself', () => {
  const named = (/** @type {string[]} */ ...path) =>
    Object.keys(path.reduce((node, key) => node[key], schema).properties)
  const itself = (/** @type {typeof pods} */ of) => of.flatMap(({ container }) => container.env.map((one) => one.name))
  const settings = new Set(examples.flatMap(() => named('properties', 'api', 'properties', 'settings')))
  expect([...API].filter((name) => !settings.has(name) && !itself(apis).includes(name))).toEqual([])
  expect([...settings].filter((name) => !API.has(name))).toEqual([])
  const pool = named('properties', 'poolDefaults', 'properties', 'settings')
  expect(pool.filter((name) => !WORKER.has(name))).toEqual([])
  // where the trainer lies is a matter of the image
  const rest = [...WORKER].filter((name) => !pool.includes(name) && !itself(workers).includes(name))
  expect(rest).toEqual(['TRAINER_ENTRY'])
})

it('the defaults of a pool are all that a pool may say besides its name', () => {
  const { pools, poolDefaults } = schema.properties
  expect(Object.keys(pools.items.properties).filter((name) => name !== 'name')).toEqual(
    Object.keys(poolDefaults.properties),
  )
  const values = parse(readFileSync(path.join(CHART, 'values.yaml'), 'utf8'))
  expect(Object.keys(values.poolDefaults).toSorted()).toEqual(Object.keys(poolDefaults.properties).toSorted())
})

it('chart and service have one version', () => {
  const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
  expect(parse(readFileSync(path.join(CHART, 'Chart.yaml'), 'utf8'))).toMatchObject({ version, appVersion: version })
})

it('workers may connect to the API, the queue, what holds data sets and the name service, and nobody to them', () => {
  const { manifests } = examples.find(({ name }) => name === 'gpu')
  const policy = manifests.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name.endsWith('-worker'))
  expect(policy.spec.ingress).toEqual([])
  expect(policy.spec.egress.map(({ ports }) => ports.map(({ port }) => port))).toEqual([
    [53, 53],
    ['http'],
    [6379],
    [9000],
  ])
})

it('a pool that KEDA scales says nothing of replicas itself, and may go down to none', () => {
  const { manifests } = examples.find(({ name }) => name === 'gpu')
  const scaled = manifests.filter(({ kind }) => kind === 'ScaledObject')
  expect(scaled).toHaveLength(3)
  for (const { spec } of scaled) {
    const { spec: deployment } = manifests.find(
      ({ kind, metadata }) => kind === 'Deployment' && metadata.name === spec.scaleTargetRef.name,
    )
    expect(deployment.replicas).toBeUndefined()
    expect(spec.minReplicaCount).toBe(0)
    const slots = deployment.template.spec.containers[0].env.find(({ name }) => name === 'SLOTS').value
    expect(spec.triggers[0].metadata.targetQueryValue).toBe(slots)
  }
})
