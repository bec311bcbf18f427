import { EnvError } from '@stillhouse/kit'
import { describe, expect, it } from 'vitest'
import { chooseBackend } from './choose-backend.ts'

describe('chooseBackend', () => {
  it.each([
    ['redis://user:secret@queue:6379/2', 'redis://queue:6379/2'],
    ['rediss://:secret@queue', 'rediss://queue'],
    ['postgresql://user:secret@db:5432/stillhouse?schema=public', 'postgresql://db:5432/stillhouse'],
    ['postgres://user:secret@db/stillhouse', 'postgres://db/stillhouse'],
  ])('names the server of %s without credentials', (url, place) => {
    expect(chooseBackend(url).place).toBe(place)
  })

  it.each([
    ['', 'no URL'],
    ['localhost:6379', 'starts with localhost:'],
    ['amqp://user:secret@queue', 'starts with amqp:'],
  ])('refuses the QUEUE_URL %j', (url, received) => {
    expect(() => chooseBackend(url)).toThrow(EnvError)
    expect(() => chooseBackend(url)).toThrow(received)
    expect(() => chooseBackend(url)).not.toThrow('secret')
  })
})
