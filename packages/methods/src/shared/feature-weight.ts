// The parameter by which a feature loss is weighed against the labels.
import { Type } from 'typebox'

export const featureWeight = (weight: number, description: string) =>
  Type.Number({ minimum: 0, maximum: 1e6, default: weight, description })
