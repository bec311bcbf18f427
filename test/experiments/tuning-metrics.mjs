// What is measured of a tuning's candidates: the held-out training samples, and nothing of the test samples.
import { required } from './measures.mjs'

/** @param {'validation.accuracy' | 'validation.nll'} name @param {'higher' | 'lower'} better */
const metric = (name, better) => ({
  name,
  title: name,
  better,
  value: (/** @type {import('./measures.mjs').Run} */ { evaluation }) => required(name, evaluation),
})

export const experiment = { metrics: [metric('validation.accuracy', 'higher'), metric('validation.nll', 'lower')] }
