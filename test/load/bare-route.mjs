// The yardsticks: a Fastify route that inserts its body as one row and answers it, and nothing else – with the PostgreSQL
// driver, which is the least there can be, or with Prisma, as this service stores everything. Tells its URL to the parent.
//   bare-route.mjs <driver|prisma> <database URL>
import { PrismaPg } from '@prisma/adapter-pg'
import Fastify from 'fastify'
import pg from 'pg'
import { PrismaClient } from '../../packages/db/dist/generated/client.js'

const CONNECTIONS = 10
const INSERTS = { driver: withDriver, prisma: withPrisma }

const [way = '', connectionString = ''] = process.argv.slice(2)
const insert = await INSERTS[way](connectionString)
const app = Fastify()
app.post('/jobs', async (request, reply) => reply.code(201).send(await insert(request.body)))
process.send?.(await app.listen({ host: '127.0.0.1', port: 0 }))

async function withDriver(connectionString) {
  const pool = new pg.Pool({ connectionString, max: CONNECTIONS })
  await pool.query('CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body json NOT NULL)')
  return async (body) => {
    const { rows } = await pool.query('INSERT INTO bare (body) VALUES ($1) RETURNING id, body', [body])
    return rows[0]
  }
}

/** Into the plainest of the service's tables that holds JSON. */
async function withPrisma(connectionString) {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString, max: CONNECTIONS }) })
  const bare = { keyName: 'bare', action: 'bare', targetKind: 'bare', targetId: 'bare', requestId: 'bare' }
  const keyId = '00000000-0000-0000-0000-000000000000'
  return async (detail) => {
    const { id, ...row } = await prisma.auditEntry.create({ data: { ...bare, keyId, detail } })
    return { id: Number(id), ...row }
  }
}
