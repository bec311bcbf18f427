// The Grafana dashboard, laid out from a list of panels: written by hand, its JSON would be mostly coordinates.

/** @typedef {{expr: string, legend: string}} Query */
/** @typedef {{title: string, help: string, unit?: string, type?: 'timeseries' | 'stat' | 'heatmap', queries: Query[], stack?: boolean}} Panel */

/** @param {string} expr @param {string} [legend] */
const query = (expr, legend = '') => ({ expr, legend })
const RATE = '[$__rate_interval]'
const SAME = 'Every replica tells the same of the whole service, hence max.'

/** @type {{title: string, panels: Panel[]}[]} */
const ROWS = [
  {
    title: 'Now',
    panels: [
      { title: 'Jobs waiting', help: SAME, type: 'stat', queries: [query('max(stillhouse_jobs{state="queued"})')] },
      { title: 'Jobs running', help: SAME, type: 'stat', queries: [query('max(stillhouse_jobs{state="running"})')] },
      {
        title: 'Longest wait',
        help: SAME,
        type: 'stat',
        unit: 's',
        queries: [query('max(stillhouse_oldest_queued_seconds)')],
      },
      {
        title: 'Slots in use',
        help: SAME,
        type: 'stat',
        unit: 'percentunit',
        queries: [query('max(stillhouse_worker_slots_busy) / max(stillhouse_worker_slots)')],
      },
      { title: 'Workers', help: SAME, type: 'stat', queries: [query('max(stillhouse_workers)')] },
      {
        title: 'Leader',
        help: 'Replicas that hand out jobs: 1.',
        type: 'stat',
        queries: [query('sum(stillhouse_leader)')],
      },
    ],
  },
  {
    title: 'Queue',
    panels: [
      {
        title: 'Waiting, by reason',
        help: 'Why jobs wait; over all teams.',
        stack: true,
        queries: [query('sum by (reason) (max by (team, reason) (stillhouse_waiting_jobs))', '{{reason}}')],
      },
      {
        title: 'Waiting, by team',
        help: SAME,
        stack: true,
        queries: [query('sum by (team) (max by (team, reason) (stillhouse_waiting_jobs))', '{{team}}')],
      },
      {
        title: 'Waiting, by what they ask for',
        help: 'What a worker must have; the most frequent kinds.',
        stack: true,
        queries: [query('max by (needs) (stillhouse_waiting_jobs_by_needs)', '{{needs}}')],
      },
      {
        title: 'Longest wait, by team',
        help: SAME,
        unit: 's',
        queries: [query('max by (team) (stillhouse_oldest_wait_seconds)', '{{team}}')],
      },
      {
        title: 'Wait until the start, p50 and p95, by team',
        help: 'Of attempts that started; from the submission, or the end of the attempt before.',
        unit: 's',
        queries: [0.5, 0.95].map((q) =>
          query(
            `histogram_quantile(${q}, max by (team, le) (rate(stillhouse_queue_wait_seconds_bucket{until="start"}${RATE})))`,
            `p${q * 100} {{team}}`,
          ),
        ),
      },
      {
        title: 'Jobs by state',
        help: SAME,
        stack: true,
        queries: [query('max by (state) (stillhouse_jobs{state=~"blocked|queued|dispatched|running"})', '{{state}}')],
      },
    ],
  },
  {
    title: 'Machines',
    panels: [
      {
        title: 'Slots',
        help: SAME,
        queries: [query('max(stillhouse_worker_slots)', 'all'), query('max(stillhouse_worker_slots_busy)', 'busy')],
      },
      {
        title: 'Slots in use, by team',
        help: 'Slot-seconds per second.',
        stack: true,
        queries: [query(`max by (team) (rate(stillhouse_slot_seconds_total${RATE}))`, '{{team}}')],
      },
      {
        title: 'GPUs in use, by team',
        help: 'GPU-seconds per second.',
        stack: true,
        queries: [query(`max by (team) (rate(stillhouse_gpu_seconds_total${RATE}))`, '{{team}}')],
      },
      {
        title: 'GPU-hours in the range shown, by team',
        help: SAME,
        type: 'stat',
        unit: 'h',
        queries: [query('max by (team) (increase(stillhouse_gpu_seconds_total[$__range])) / 3600', '{{team}}')],
      },
      {
        title: 'Images per second, by team',
        help: 'As jobs reported last.',
        stack: true,
        queries: [query('max by (team) (stillhouse_training_images_per_second)', '{{team}}')],
      },
      {
        title: 'Time of a step',
        help: 'Mean by team, and p95 over the workers that show metrics.',
        unit: 's',
        queries: [
          query('max by (team) (stillhouse_training_step_seconds)', '{{team}}'),
          query(`histogram_quantile(0.95, sum by (le) (rate(stillhouse_worker_step_seconds_bucket${RATE})))`, 'p95'),
        ],
      },
    ],
  },
  {
    title: 'Failures',
    panels: [
      {
        title: 'Attempts per hour, by ending',
        help: SAME,
        stack: true,
        queries: [
          query(
            'sum by (ending) (max by (team, ending, class, code) (increase(stillhouse_attempts_total[1h])))',
            '{{ending}}',
          ),
        ],
      },
      {
        title: 'Failed attempts per hour, by class',
        help: 'user and data: the job; resource: what it asks for; infrastructure and internal: ours.',
        stack: true,
        queries: [
          query(
            'sum by (class) (max by (team, class, code) (increase(stillhouse_attempts_total{ending="failed"}[1h])))',
            '{{class}}',
          ),
        ],
      },
      {
        title: 'Failed attempts per hour, by code',
        help: 'docs/errors.md tells what each means.',
        stack: true,
        queries: [
          query(
            'sum by (code) (max by (team, code) (increase(stillhouse_attempts_total{ending="failed"}[1h])))',
            '{{code}}',
          ),
        ],
      },
      {
        title: 'Put right by the sweeper, per hour',
        help: 'Leases that ran out, hand-overs that came to nothing, workers that went silent.',
        stack: true,
        queries: [query('sum by (kind) (increase(stillhouse_mended_total[1h]))', '{{kind}}')],
      },
      {
        title: 'Trainer ends per hour, by cause',
        help: 'Of workers that show metrics.',
        stack: true,
        queries: [query('sum by (cause) (increase(stillhouse_worker_trainer_exits_total[1h]))', '{{cause}}')],
      },
      {
        title: 'Attempts per hour on workers, by outcome',
        help: 'Of workers that show metrics; abandoned: the lease was lost.',
        stack: true,
        queries: [query('sum by (outcome) (increase(stillhouse_worker_attempts_total[1h]))', '{{outcome}}')],
      },
    ],
  },
  {
    title: 'Service',
    panels: [
      {
        title: 'Time since the last round of the leader',
        help: 'Of dispatcher, relay and sweeper; about a second when idle.',
        unit: 's',
        queries: [query('max by (loop) (stillhouse_background_idle_seconds)', '{{loop}}')],
      },
      {
        title: 'Duration of a round',
        help: 'Of the leader.',
        unit: 's',
        queries: [query('max by (loop) (stillhouse_background_round_seconds)', '{{loop}}')],
      },
      {
        title: 'Jobs handed out per second',
        help: 'Dispatched, and taken by the queue.',
        queries: [
          query(`sum(rate(stillhouse_dispatched_total${RATE}))`, 'dispatched'),
          query(`sum(rate(stillhouse_outbox_relayed_total${RATE}))`, 'relayed'),
        ],
      },
      {
        title: 'Outbox',
        help: 'Age of the oldest hand-over that the queue has not taken.',
        unit: 's',
        queries: [query('max(stillhouse_outbox_oldest_seconds)', 'oldest')],
      },
      {
        title: 'Webhooks',
        help: 'Age of the oldest message that its receiver has not taken; given up after 16 hours.',
        unit: 's',
        queries: [query('max(stillhouse_webhook_oldest_seconds)', 'oldest')],
      },
      {
        title: 'Requests per second, by status',
        help: 'Of all replicas.',
        stack: true,
        queries: [query(`sum by (status) (rate(stillhouse_http_request_duration_seconds_count${RATE}))`, '{{status}}')],
      },
      {
        title: 'Requests, p99 by route',
        help: 'Event streams are left out: they last as long as somebody listens.',
        unit: 's',
        queries: [
          query(
            `histogram_quantile(0.99, sum by (route, le) (rate(stillhouse_http_request_duration_seconds_bucket{route!~".*/events"}${RATE})))`,
            '{{route}}',
          ),
        ],
      },
      {
        title: 'Event loop',
        help: 'Longest delay of each process.',
        unit: 's',
        queries: [
          query('stillhouse_event_loop_lag_max_seconds', '{{instance}}'),
          query('stillhouse_worker_event_loop_lag_max_seconds', '{{instance}}'),
        ],
      },
      {
        title: 'Reports that wait',
        help: 'On workers that show metrics: what the API has not acknowledged.',
        queries: [query('sum by (instance) (stillhouse_worker_reports_pending)', '{{instance}}')],
      },
      {
        title: 'Memory',
        help: 'Resident, by process.',
        unit: 'bytes',
        queries: [query('process_resident_memory_bytes{job=~"stillhouse-.*"}', '{{instance}}')],
      },
    ],
  },
]

const WIDTH = 24
const DATASOURCE = { type: 'prometheus', uid: 'stillhouse-prometheus' }

export const grafanaDashboard = {
  name: 'Grafana dashboard',
  needs: [],
  async files() {
    return new Map([['infra/grafana/dashboards/stillhouse.json', `${JSON.stringify(dashboard(), null, 2)}\n`]])
  },
}

/** @returns {object} */
function dashboard() {
  const panels = []
  let y = 0
  for (const row of ROWS) {
    panels.push({ type: 'row', title: row.title, collapsed: false, panels: [], gridPos: { h: 1, w: WIDTH, x: 0, y } })
    y += 1
    const small = row.title === 'Now'
    const [w, h] = small ? [4, 4] : [8, 8]
    for (const [index, panel] of row.panels.entries()) {
      const x = (index * w) % WIDTH
      panels.push(panelOf(panel, { h, w, x, y: y + Math.floor((index * w) / WIDTH) * h }))
    }
    y += Math.ceil((row.panels.length * w) / WIDTH) * h
  }
  return {
    uid: 'stillhouse',
    title: 'Stillhouse',
    tags: ['stillhouse'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    panels: panels.map((panel, index) => ({ id: index + 1, ...panel })),
  }
}

/** @param {Panel} panel @param {{h: number, w: number, x: number, y: number}} gridPos */
function panelOf({ title, help, unit = 'short', type = 'timeseries', queries, stack = false }, gridPos) {
  const custom = { fillOpacity: stack ? 30 : 0, stacking: { mode: stack ? 'normal' : 'none', group: 'A' } }
  return {
    type,
    title,
    description: help,
    gridPos,
    datasource: DATASOURCE,
    fieldConfig: { defaults: { unit, min: 0, ...(type === 'timeseries' && { custom }) }, overrides: [] },
    options:
      type === 'timeseries'
        ? { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } }
        : { reduceOptions: { calcs: ['lastNotNull'] } },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATASOURCE,
      expr,
      ...(legend && { legendFormat: legend }),
    })),
  }
}
