import { expect, test } from 'vitest'
import { createTally } from './tally.ts'

interface Row {
  team: string
  jobs: number
}

const tallyOf = () => createTally<Row>({ labels: ['team'], numbers: ['jobs'] })
const row = (team: string, jobs: number, settled: boolean) => ({ team, jobs, settled })

test('what is settled is added up, what is not holds for one answer', () => {
  const tally = tallyOf()
  expect(tally.enter([row('a', 2, true), row('a', 3, false)])).toEqual([{ team: 'a', jobs: 5 }])
  expect(tally.enter([row('a', 3, true), row('a', 1, false), row('b', 1, false)])).toEqual([
    { team: 'a', jobs: 6 },
    { team: 'b', jobs: 1 },
  ])
})

test('a sum never goes down, though its rows be gone', () => {
  const tally = tallyOf()
  tally.enter([row('a', 4, false)])
  expect(tally.enter([])).toEqual([{ team: 'a', jobs: 4 }])
  expect(tally.enter([row('a', 3, true)])).toEqual([{ team: 'a', jobs: 4 }])
  expect(tally.enter([row('a', 3, true)])).toEqual([{ team: 'a', jobs: 6 }])
})
