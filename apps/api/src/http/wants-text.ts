// Content negotiation between JSON, the default, and one plain format.

/** True when the Accept header names `type` with a higher weight than JSON. */
export function wantsText(accept: string | undefined, type: string): boolean {
  const weights = new Map((accept ?? '').split(',').map(weigh))
  return (weights.get(type) ?? 0) > (weights.get('application/json') ?? 0)
}

function weigh(entry: string): [string, number] {
  const [name = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase())
  const weight = parameters.find((parameter) => parameter.startsWith('q='))
  return [name, weight === undefined ? 1 : Number(weight.slice(2)) || 0]
}
