// The job that the load sends: nobody trains it.

export const JOB = {
  name: 'load',
  data: { name: 'optdigits' },
  student: { model: 'mlp' },
  method: { name: 'none' },
  train: { epochs: 1 },
}

/**
 * Rows of waiting jobs, written straight into the table: what is measured is the queue, not how it was filled.
 * @param {import('pg').Client} database
 * @param {{id: string, teams: readonly string[], count: number}} options id: of a job that was sent over HTTP, as the model
 */
export async function fillQueue(database, { id, teams, count }) {
  await database.query(
    `INSERT INTO job (id, team_id, name, spec, spec_hash, body_hash, priority, needs, pace_key, training_units, labels)
     SELECT gen_random_uuid(), (SELECT team.id FROM team WHERE name = ($2::text[])[1 + n % $3]), name, spec, spec_hash,
       body_hash, 50, needs, pace_key, training_units, labels
     FROM job CROSS JOIN generate_series(1, $4::int) AS n WHERE job.id = $1::uuid`,
    [id, teams, teams.length, count],
  )
  await database.query('ANALYZE job')
}
