// Somebody at the panel: prints what the board tells, as [event, text] a line; a line of its input, [kind, name, value]
// as JSON, sets something.
const readline = require('readline')
const path = require('path')
const { io } = require('socket.io-client-4')
const parser = require(path.join(__dirname, '../../edgeio/client/cbor.js'))

const print = (event, value) => console.log(JSON.stringify([event, JSON.stringify(value)]))
const socket = io(process.argv[2], { parser: parser.cborParser || parser, transports: ['websocket'] })
socket.on('connect', () => print('connect', socket.id))
socket.on('state', state => print('state', state))
socket.on('changed', (kind, name, value) => print('changed', [kind, name, value]))
socket.on('sensors', list => print('sensors', list))

const input = readline.createInterface({ input: process.stdin })
input.on('line', line => socket.emit('set', ...JSON.parse(line), error => print('set', error)))
input.on('close', () => socket.close())
