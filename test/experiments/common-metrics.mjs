// What is measured of every method in the common setting.
import { accuracy } from './measures.mjs'

export const experiment = { metrics: [accuracy] }
