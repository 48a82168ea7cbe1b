// BullMQ: `bullmq_jobs.cjs REDIS-PORT COUNT`; prints the same line as watch.py, timed in the same way.
const { Queue, Worker } = require("bullmq");

const [port, count] = process.argv.slice(2).map(Number);
const connection = { host: "127.0.0.1", port, maxRetriesPerRequest: null };
const LOOK_MS = 10;

async function left(queue) {
  const { waiting, active } = await queue.getJobCounts("waiting", "active");
  return waiting + active;
}

async function main() {
  const queue = new Queue("jobs", { connection });
  await queue.waitUntilReady();
  const begin = performance.now();
  for (let n = 0; n < count; n++) await queue.add("nothing", {});
  const handedOut = performance.now() - begin;
  const worker = new Worker("jobs", async () => {}, { connection, concurrency: 50 });
  let first = count, since = 0, now = count;
  while ((now = await left(queue)) || first === count) {
    if (now < count && first === count) [first, since] = [now, performance.now()];
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  const drain = ((performance.now() - since) * count) / first;
  console.log(JSON.stringify({ hand_out_s: handedOut / 1000, drain_s: drain / 1000 }));
  await worker.close(true);
  process.exit(0);
}

main();
