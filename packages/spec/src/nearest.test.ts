import { describe, expect, it } from 'vitest'
import { nearest } from './nearest.ts'

describe('nearest', () => {
  it.each([
    ['mnits', ['mnist', 'optdigits'], 'mnist'],
    ['resent', ['mlp', 'cnn', 'resnet'], 'resnet'],
    ['learningrate', ['momentum', 'learningRate'], 'learningRate'],
    ['kdd', ['none', 'kd'], 'kd'],
    ['techer', ['teachers', 'teacher'], 'teacher'],
  ])('finds the name that was meant by %s', (name, known, expected) => {
    expect(nearest(name, known)).toBe(expected)
  })

  it('finds the name that an abbreviation begins', () => {
    expect(nearest('acc', ['nll', 'accuracy'])).toBe('accuracy')
  })

  it('suggests nothing for a name that is unlike all known ones', () => {
    expect(nearest('transformer', ['mlp', 'cnn', 'resnet'])).toBeUndefined()
    expect(nearest('xx', ['kd'])).toBeUndefined()
    expect(nearest('kd', [])).toBeUndefined()
  })

  it('answers at once for a name of a million characters', () => {
    const started = performance.now()
    nearest('x'.repeat(1_000_000), ['mnist', 'optdigits'])
    expect(performance.now() - started).toBeLessThan(1000)
  })
})
