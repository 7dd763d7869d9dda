// Prints the names of the cases in each file, without running them: {file: [name, ...]}.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const support = require('./support');

const folder = path.join(__dirname, 'cases');
const names = {};
for (const file of fs.readdirSync(folder).sort()) {
  names[file] = [];
  support.test = (name) => names[file].push(name);
  require(path.join(folder, file));
}
console.log(JSON.stringify(names));
