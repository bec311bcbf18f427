import { describe, expect, it } from 'vitest'
import { canTransition, isFinalState, JOB_STATES, JOB_TRANSITIONS, statesBefore } from './job-state.ts'

describe('the table of job states', () => {
  it('lets a job live through its whole main path', () => {
    expect(canTransition('queued', 'dispatched')).toBe(true)
    expect(canTransition('dispatched', 'running')).toBe(true)
    expect(canTransition('running', 'succeeded')).toBe(true)
  })

  it('never lets a succeeded job become anything else', () => {
    expect(JOB_STATES.filter((to) => canTransition('succeeded', to))).toEqual([])
  })

  it('brings failed and cancelled jobs back only to where jobs wait', () => {
    expect(JOB_TRANSITIONS.failed).toEqual(['queued', 'blocked'])
    expect(JOB_TRANSITIONS.cancelled).toEqual(['queued', 'blocked'])
  })

  it('does not let a queued job skip its hand-over, nor a blocked one the queue', () => {
    expect(canTransition('blocked', 'dispatched')).toBe(false)
    expect(canTransition('queued', 'running')).toBe(false)
    expect(canTransition('queued', 'succeeded')).toBe(false)
  })

  it('can end every state that is not final by cancelling', () => {
    for (const state of JOB_STATES) if (!isFinalState(state)) expect(canTransition(state, 'cancelled')).toBe(true)
  })

  it('says from which states a state is reached, the table read backwards', () => {
    expect(statesBefore('running')).toEqual(['dispatched'])
    for (const from of JOB_STATES)
      for (const to of JOB_STATES) expect(statesBefore(to).includes(from)).toBe(canTransition(from, to))
  })
})
