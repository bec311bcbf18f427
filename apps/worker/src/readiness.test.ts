import { createLogger } from '@stillhouse/kit'
import { expect, it } from 'vitest'
import { createReadiness } from './readiness.ts'

const logger = createLogger('worker', 'silent')
const yes = async (): Promise<boolean> => true
const no = async (): Promise<boolean> => false
const silentFor = (seconds: number) => ({ idleMs: () => seconds * 1000 })

it('is ready before it has a queue to listen to, and while it hears it', async () => {
  const readiness = createReadiness({ hasRoom: yes, free: ['a slot'], logger })
  expect(await readiness.isReady()).toBe(true)
  readiness.listenTo(silentFor(6))
  expect(await readiness.isReady()).toBe(true)
})

it('is not ready while its queue is silent, and ready again when it is heard', async () => {
  let silence = 60
  const readiness = createReadiness({ hasRoom: yes, free: ['a slot'], logger })
  readiness.listenTo({ idleMs: () => silence * 1000 })
  expect(await readiness.isReady()).toBe(false)
  silence = 1
  expect(await readiness.isReady()).toBe(true)
})

it('makes nothing of silence while every slot is busy: then it does not ask', async () => {
  const readiness = createReadiness({ hasRoom: yes, free: [], logger })
  readiness.listenTo(silentFor(60))
  expect(await readiness.isReady()).toBe(true)
})

it('is not ready without room on its disk', async () => {
  expect(await createReadiness({ hasRoom: no, free: ['a slot'], logger }).isReady()).toBe(false)
})
