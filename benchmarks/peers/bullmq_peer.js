// BullMQ under the common workload: the protocol of common.py, in the language of the library.
//
// Node has no memory-mapped files, so a task writes its stamp into the file, a system call of some microseconds; who
// maps the file sees it at once. The clock is the monotonic one, which all processes of a machine share: Node's wall
// clock has milliseconds only.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { Queue, Worker } = require('bullmq');
const { Redis } = require('ioredis');

const CONCURRENCY = 100;
const BULK_CALL_SIZE = 1000;
const WARM_UP_SAMPLES = 5;
const LONGEST_IDLE_GAP_MS = 500;
const PICK_UP_TIMEOUT_MS = 30000;
const QUEUE = 'bench';

function setting(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`Set ${name}, or start this through \`python -m benchmarks.peers\`, which sets it.`);
    process.exit(1);
  }
  return value;
}

const connect = () => new Redis(setting('QUEUE_BENCH_REDIS_URL'), { maxRetriesPerRequest: null });
const stamps = () => fs.openSync(setting('QUEUE_BENCH_STAMP_FILE'), 'r+');

function runWorker() {
  const file = stamps();
  const eight = Buffer.alloc(8);
  const mark = async (job) => {
    eight.writeBigInt64LE(process.hrtime.bigint());
    fs.writeSync(file, eight, 0, 8, job.data.slot * 8);
  };
  const worker = new Worker(QUEUE, mark, { connection: connect(), concurrency: CONCURRENCY });
  worker.on('error', (error) => console.error(error));
  process.on('SIGTERM', () => worker.close().then(() => process.exit(0)));
}

async function rate(work, count) {
  const started = process.hrtime.bigint();
  await work();
  return count / (Number(process.hrtime.bigint() - started) / 1e9);
}

async function enqueueOneByOne(queue, first, count) {
  for (let slot = first; slot < first + count; slot += 1) await queue.add('stamp', { slot });
}

async function bulk(queue, first, count) {
  for (let start = first; start < first + count; start += BULK_CALL_SIZE) {
    const size = Math.min(BULK_CALL_SIZE, first + count - start);
    await queue.addBulk(Array.from({ length: size }, (_, i) => ({ name: 'stamp', data: { slot: start + i } })));
  }
}

async function pickUpLatencyMs(queue, file, slot) {
  const eight = Buffer.alloc(8);
  const stamp = () => (fs.readSync(file, eight, 0, 8, slot * 8), eight.readBigInt64LE());
  const before = process.hrtime.bigint();
  await queue.add('stamp', { slot });
  const deadline = Date.now() + PICK_UP_TIMEOUT_MS;
  while (!stamp()) {
    if (Date.now() > deadline) throw new Error('No worker ran the task; start one before `latency`.');
    await sleep(2);
  }
  return Number(stamp() - before) / 1e6;
}

async function latencies(queue, first, count) {
  const file = stamps();
  const samples = [];
  for (let slot = first; slot < first + WARM_UP_SAMPLES + count; slot += 1) {
    await sleep(Math.random() * LONGEST_IDLE_GAP_MS);
    samples.push(await pickUpLatencyMs(queue, file, slot));
  }
  return samples.slice(WARM_UP_SAMPLES);
}

async function produce(command, count, first) {
  const connection = connect();
  const queue = new Queue(QUEUE, { connection });
  await queue.waitUntilReady();
  try {
    if (command === 'enqueue') return { per_s: await rate(() => enqueueOneByOne(queue, first, count), count) };
    if (command === 'bulk') return { per_s: await rate(() => bulk(queue, first, count), count) };
    return { latencies_ms: await latencies(queue, first, count) };
  } finally {
    await queue.close();
    connection.disconnect();
  }
}

function describe() {
  const manifest = path.join(process.env.NODE_PATH, 'bullmq', 'package.json');
  return {
    version: JSON.parse(fs.readFileSync(manifest, 'utf8')).version,
    bulk_how: `addBulk, ${BULK_CALL_SIZE} a call`,
    settings: `concurrency=${CONCURRENCY}, completed jobs kept (default)`,
    runtime: `Node ${process.versions.node}`,
  };
}

async function main() {
  const [command, count, option, first] = process.argv.slice(2);
  if (command === 'worker') return runWorker();
  const firstSlot = option === '--first-slot' ? Number(first) : 0;
  const answer = command === 'describe' ? describe() : await produce(command, Number(count), firstSlot);
  console.log(JSON.stringify(answer));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
