import { expect, test } from 'vitest'
import { boundKinds } from './bound-kinds.ts'

test('jobs that any worker will do for have a name of their own', () => {
  expect(boundKinds([{ needs: '', jobs: 3 }])).toEqual([{ needs: 'any', jobs: 3 }])
})

test('beyond the limit the rare kinds are counted together', () => {
  const kinds = [1, 9, 2, 8].map((jobs) => ({ needs: `{"gpus":${jobs}}`, jobs }))
  expect(boundKinds(kinds, 2)).toEqual([
    { needs: '{"gpus":9}', jobs: 9 },
    { needs: '{"gpus":8}', jobs: 8 },
    { needs: 'other', jobs: 3 },
  ])
})
