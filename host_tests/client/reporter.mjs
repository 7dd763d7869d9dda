// A line of JSON for each test that ended: {name, ok, error}.
export default async function* reporter(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const error = data.details.error;
    const cause = error && (error.cause || error);
    yield `${JSON.stringify({ name: data.name, ok: type === 'test:pass', error: cause && String(cause.stack || cause) })}\n`;
  }
}
