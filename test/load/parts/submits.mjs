// Submissions per second, next to those of bare Fastify routes that insert the body as one row, on the same PostgreSQL, each
// in a process of its own. All by turns, so that what disturbs one disturbs the others.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { spread } from '../../bench/statistics.mjs'
import { JOB } from '../job.mjs'
import { addTeam, startStack } from '../stack.mjs'

const CONNECTIONS = 16
/** Ways of bare-route.mjs. */
const YARDSTICKS = ['driver', 'prisma']
/** Before anything counts: a service that has just started is not what is measured. */
const WARM_SECONDS = 3

/** @param {{quick: boolean, say: (text: string) => void}} context */
export async function submits({ quick, say }) {
  const { rounds, seconds } = quick ? { rounds: 2, seconds: 2 } : { rounds: 7, seconds: 5 }
  const kinds = []
  for (const durable of [true, false]) {
    const stack = await startStack({ durable })
    try {
      kinds.push({
        durable,
        ...(await race(stack, { rounds, seconds, say: (text) => say(`durable ${durable}, ${text}`) })),
      })
    } finally {
      await stack.stop()
    }
  }
  return { connections: CONNECTIONS, rounds, seconds, kinds }
}

async function race(stack, { rounds, seconds, say }) {
  const team = await addTeam(stack, 'sender', 1)
  const bare = await Promise.all(YARDSTICKS.map((name) => startBareRoute(name, stack.databaseUrl)))
  const sides = [...bare, { name: 'stillhouse', url: `${stack.url}/v1/jobs` }]
  for (const { url } of sides) await post(url, { secret: team.secret, seconds: WARM_SECONDS })
  const rates = Object.fromEntries(sides.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round += 1)
    for (const { name, url } of round % 2 === 0 ? sides : [...sides].reverse()) {
      rates[name].push(await post(url, { secret: team.secret, seconds }))
      say(`${name}: ${Math.round(rates[name].at(-1))} per second`)
    }
  for (const { child } of bare) child.kill()
  const ratioTo = (name) => spread(rates.stillhouse.map((rate, round) => rate / rates[name][round]))
  return {
    perSecond: Object.fromEntries(Object.entries(rates).map(([name, each]) => [name, spread(each)])),
    ratios: Object.fromEntries(YARDSTICKS.map((name) => [name, ratioTo(name)])),
  }
}

async function startBareRoute(name, databaseUrl) {
  const child = fork(fileURLToPath(new URL('../bare-route.mjs', import.meta.url)), [name, databaseUrl])
  const [url] = await once(child, 'message')
  return { name, url: `${url}/jobs`, child }
}

let sent = 0

/** A sweep over seeds: no two jobs are equal. */
function nextBody() {
  sent += 1
  return JSON.stringify({ ...JOB, name: `load-${sent}`, train: { ...JOB.train, seed: sent } })
}

/** Sends as fast as answers come over some connections; answers how many per second were taken. */
async function post(url, { secret, seconds }) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }
  const started = performance.now()
  let taken = 0
  const sendOne = () =>
    new Promise((resolve, reject) => {
      const call = request(url, { method: 'POST', agent, headers }, (response) => {
        if (response.statusCode !== 201) reject(new Error(`POST ${url} answered ${response.statusCode}`))
        response.resume().on('end', resolve)
      })
      call.on('error', reject).end(nextBody())
    })
  const connection = async () => {
    while (performance.now() - started < seconds * 1000) {
      await sendOne()
      taken += 1
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, connection))
  const rate = taken / ((performance.now() - started) / 1000)
  agent.destroy()
  return rate
}
