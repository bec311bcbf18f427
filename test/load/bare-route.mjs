// The yardstick: a Fastify route that inserts its body as one row and answers it. Tells its URL to the parent.
import Fastify from 'fastify'
import pg from 'pg'

const pool = new pg.Pool({ connectionString: process.argv[2], max: 10 })
await pool.query('CREATE TABLE bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body json NOT NULL)')
const app = Fastify()
app.post('/jobs', async (request, reply) => {
  const { rows } = await pool.query('INSERT INTO bare (body) VALUES ($1) RETURNING id, body', [request.body])
  return reply.code(201).send(rows[0])
})
process.send?.(await app.listen({ host: '127.0.0.1', port: 0 }))
