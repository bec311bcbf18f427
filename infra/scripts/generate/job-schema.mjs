// docs/job.schema.json: the job spec for editors, which complete and check YAML with it, with the parameters of every
// shelf entry.
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const SHELVES = ['methods', 'models', 'data', 'export']

export const jobSchema = {
  name: 'job schema',
  needs: ['packages/spec', ...SHELVES.map((shelf) => `packages/${shelf}`)],
  async files(root) {
    const load = (name) => import(pathToFileURL(path.join(root, 'packages', name, 'dist/index.js')).href)
    const [{ jobInputSchema }, { methods }, { models }, { dataFormats }, { exporters }] = await Promise.all(
      ['spec', ...SHELVES].map(load),
    )
    const schema = jobInputSchema({ methods, models, data: dataFormats, exports: exporters })
    return new Map([['docs/job.schema.json', `${JSON.stringify(schema, null, 2)}\n`]])
  },
}
