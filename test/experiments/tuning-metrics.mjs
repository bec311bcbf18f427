// What is measured of a tuning's candidates: the held-out training samples, and nothing of the test samples.
import { required } from './measures.mjs'

/** Of a job that is evaluated on what it holds out. @param {'accuracy' | 'nll'} name @param {'higher' | 'lower'} better */
const metric = (name, better) => ({
  name: `validation.${name}`,
  title: `validation.${name}`,
  better,
  value: (/** @type {import('./measures.mjs').Run} */ { evaluation }) => required(name, evaluation),
})

export const experiment = { metrics: [metric('accuracy', 'higher'), metric('nll', 'lower')] }
