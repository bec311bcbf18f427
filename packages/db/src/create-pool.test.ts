import { expect, test } from 'vitest'
import { createPool } from './create-pool.ts'

test('a pool outlives the loss of a connection that nobody uses', async () => {
  const pool = createPool({ url: 'postgresql://nobody@127.0.0.1:1/none', max: 1, name: 'test' })
  // as pg raises it; without anybody who listens it would end the process
  expect(() => pool.emit('error', new Error('terminating connection due to administrator command'))).not.toThrow()
  await pool.end()
})
