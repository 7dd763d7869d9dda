// Plays scenarios with the official clients: one process for a whole test run.
//
// stdin:  one JSON request a line: {run, client: '4' | '3' | '2', mode: 'polling' | 'websocket' | 'upgrade', url, scenario}
//         or {run, go: name}: the scenario's `await t.go(name)` returns.
// stdout: one JSON event a line: {run, event, args}; the last one of a run is 'end' or 'failed'.
// Binary values are written as {"$bytes": base64}.
'use strict';

const readline = require('readline');
const { Run } = require('./run');
const scenarios = require('./scenarios');

const runs = new Map();

function tell(run, event, args) {
  process.stdout.write(JSON.stringify({ run, event, args: args.map(printable) }) + '\n');
}

// Buffer has a toJSON of its own, which JSON.stringify calls before a replacer sees the value: so not a replacer.
function printable(value) {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return { $bytes: Buffer.from(value).toString('base64') };
  }
  if (value instanceof Error) {
    return { message: value.message, data: printable(value.data) };
  }
  if (Array.isArray(value)) {
    return value.map(printable);
  }
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, printable(item)]));
  }
  return value === undefined ? null : value;
}

async function play(request) {
  const run = new Run(request, (event, ...args) => tell(request.run, event, args));
  runs.set(request.run, run);
  try {
    await scenarios[request.scenario](run);
    tell(request.run, 'end', [await run.transports()]);
  } catch (error) {
    tell(request.run, 'failed', [error.stack]);
  } finally {
    run.close();
    runs.delete(request.run);
  }
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line);
  if (request.go) {
    runs.get(request.run).allow(request.go);
  } else {
    play(request);
  }
}).on('close', () => process.exit(0));
