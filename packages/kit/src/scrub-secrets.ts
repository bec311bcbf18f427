// The last line of defence of a log: whatever put a secret into a line, and under whatever name, it is taken out of the
// text. It knows the secrets of this process's environment by value, and API keys by their form.

/** Variables that are secrets as a whole. */
const WHOLE = [
  'WORKER_TOKEN',
  'BOOTSTRAP_API_KEY',
  'STILLHOUSE_API_KEY',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'POSTGRES_PASSWORD',
]
/** Variables that hold addresses, perhaps with a password. */
const ADDRESSES = ['DATABASE_URL', 'QUEUE_URL', 'API_URL', 'S3_ENDPOINT', 'ARTIFACT_URL']
/** A shorter one is found in ordinary words too. */
const SHORTEST = 6
const ISSUED_KEY = 'sh_[A-Za-z0-9_-]{43}'
const CENSOR = '[secret]'

/** @returns takes the secrets out of one line of JSON */
export function secretScrubber(env: NodeJS.ProcessEnv): (line: string) => string {
  const secrets = [
    ...WHOLE.map((name) => env[name] ?? ''),
    ...ADDRESSES.flatMap((name) => passwordsOf(env[name] ?? '')),
  ]
  const found = [...new Set(secrets.map(inJson))].filter(({ length }) => length >= SHORTEST)
  // the longest first: one secret may begin like another
  const patterns = [...found.sort((a, b) => b.length - a.length).map(literally), ISSUED_KEY]
  const pattern = new RegExp(patterns.join('|'), 'g')
  return (line) => line.replace(pattern, CENSOR)
}

/** As it is written in the address, and as it is meant; none where it is the name of its user too, which is no secret. */
function passwordsOf(address: string): string[] {
  const [, user = '', written = ''] = /^[a-z0-9+]+:\/\/([^:@/]*):([^@/]+)@/i.exec(address) ?? []
  return written === user ? [] : [written, decoded(written)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
