// The chat on MicroPython's WebAssembly build, 32 bit: `node wasm.mjs BUILD LIBRARY STANDINS APP` prints the bytes of heap
// that are in use when it listens. BUILD: micropython.mjs; LIBRARY, STANDINS: what is put on the path; APP: its folder.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [build, library, standins, app] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(build));

const SET_UP = `
import gc, sys
sys.path[:0] = ['/standins', '/library']
import os
os.chdir('/app')
`;

const RUN = `
class Listens(Exception):
    pass

def poll(ms):
    raise Listens

from edgeio import compat, iosched
compat.port_of = lambda sock: 8000  # there is no /proc to find it in
iosched.poll = poll
import edgeio.__main__, edgeio.runner
app = {'__name__': '__main__'}
try:
    exec(open('main.py').read(), app)
except Listens:
    pass
else:
    raise SystemExit('the app ended instead of polling')
`;

const micropython = await loadMicroPython({ heapsize: 4 * 1024 * 1024, linebuffer: true });
const files = micropython._module.FS;
copy(library, '/library');
copy(standins, '/standins');
copy(app, '/app');
try {
  micropython.runPython(SET_UP);
  const before = inUse();
  micropython.runPython(RUN);
  console.log(inUse() - before);
} catch (error) {
  console.error(error.message); // without the stack, which shows the build's one long line
  process.exit(1);
}

// This build collects between two programs, never inside one: it cannot look into its own stack.
function inUse() {
  micropython.runPython('gc.collect()');
  micropython.runPython('in_use = gc.mem_alloc()');
  return micropython.globals.get('in_use');
}

function copy(from, to) {
  files.mkdirTree(to);
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), `${to}/${entry.name}`];
    if (entry.isDirectory()) copy(source, target);
    else if (/\.(py|mpy|js|html|json)$/.test(entry.name)) files.writeFile(target, fs.readFileSync(source));
  }
}
