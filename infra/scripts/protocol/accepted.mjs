// Differences from the version before that its workers never meet, each with the reason why not.

const NEVER_SO_LARGE = 'no worker counts or weighs anything near that'

/** @type {Readonly<Record<string, string>>} */
export const ACCEPTED = {
  'PUT /v1/teachers/{key} request/files/*/size: maximum is 9007199254740991, was free': NEVER_SO_LARGE,
  'PUT /v1/teachers/{key} request/metrics: patternProperties is another': 'metrics have always been named so',
  'GET /v1/me answer/scopes/*: the value "models:trusted" is not known': 'no key of a worker has this scope',
  'POST /v1/workers/{id}/heartbeat request/jobs/*/attempt: maximum is 2147483647, was free': NEVER_SO_LARGE,
  'POST /v1/workers/{id}/heartbeat answer/jobs/*/order: the value "hand-back" is not known':
    'sent only to workers that register with this feature',
  'POST /v1/jobs/{id}/claim request/attempt: maximum is 2147483647, was free': NEVER_SO_LARGE,
  'POST /v1/jobs/{id}/attempts/{attempt}/reports request/batch: maximum is 9007199254740991, was free': NEVER_SO_LARGE,
  'POST /v1/jobs/{id}/attempts/{attempt}/reports request/metrics/*/seq: maximum is 9007199254740991, was free':
    NEVER_SO_LARGE,
  'POST /v1/jobs/{id}/attempts/{attempt}/reports request/metrics/*/step: maximum is 9007199254740991, was free':
    NEVER_SO_LARGE,
  'POST /v1/jobs/{id}/attempts/{attempt}/reports request/logs/*/at: pattern is another':
    'workers write times in UTC, as toISOString does',
  'POST /v1/jobs/{id}/attempts/{attempt}/checkpoints request/step: maximum is 9007199254740991, was free':
    NEVER_SO_LARGE,
  'POST /v1/jobs/{id}/attempts/{attempt}/checkpoints request/metricSeq: maximum is 9007199254740991, was free':
    NEVER_SO_LARGE,
  'POST /v1/jobs/{id}/attempts/{attempt}/checkpoints request/files/*/size: maximum is 9007199254740991, was free':
    NEVER_SO_LARGE,
  'POST /v1/jobs/{id}/attempts/{attempt}/artifacts request/files/*/size: maximum is 9007199254740991, was free':
    NEVER_SO_LARGE,
  'POST /v1/jobs/{id}/attempts/{attempt}/outcome request/metrics: patternProperties is another':
    'metrics have always been named so',
  'POST /v1/jobs/{id}/attempts/{attempt}/outcome request/metricSeq: maximum is 9007199254740991, was free':
    NEVER_SO_LARGE,
  'POST /v1/jobs/{id}/attempts/{attempt}/outcome answer/state: the value "blocked" is not known':
    'no outcome makes a job wait for another',
}
