import type { Catalog } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { as, createTestApp } from '../../testing/test-app.ts'

test('the catalogue is handed out as it is', async () => {
  const paper = { title: 'Distilling', authors: 'H, V, D', venue: 'NIPS workshop', year: 2015 }
  const parameters = { type: 'object', properties: { temperature: { type: 'number', default: 4 } } }
  const entry = { name: 'kd', title: 'KD', summary: 'Soft targets.', paper, tasks: ['classification'], parameters }
  const catalog: Catalog = {
    methods: [entry],
    models: [{ ...entry, name: 'mlp', paper: null }],
    data: [],
    exports: [],
    jobSchema: { type: 'object' },
    metrics: { accuracy: 'share of right answers' },
  }
  const { app, violations } = createTestApp({ catalog })
  const response = await app.inject({ url: '/v1/catalog', headers: as('reader') })
  expect(response.json()).toEqual(catalog)
  expect(violations).toEqual([])
  await app.close()
})
