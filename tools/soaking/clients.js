// Real clients: `node clients.js JSON`, where JSON is [{name, module, url, transports, ca, bounce}, ...].
//
// Each sends numbered `up` events and acknowledges the `down` events that come. On the line `stop` it sends no more,
// waits for the answers under way, and prints what it saw; a line `acked NAME NUMBER` tells of each answer at once, for
// a process that is killed.
'use strict'

const fs = require('fs')
const readline = require('readline')

const EVERY = 30
const SETTLE = 5000

class Client {
  constructor (given) {
    this.given = given
    this.sent = 0
    this.waiting = 0
    this.report = { name: given.name, acked: [], down: [], faults: [], connects: 0, recoveries: 0, gaps: 0 }
    this.lastTick = null
    this.lastDown = 0
    // Version 2 still hears a connection that it is closing, and takes what comes for the next one's: it must not be
    // told to disconnect and connect.
    this.old = given.module.endsWith('-2')
    const io = require(given.module)
    this.socket = io(given.url, {
      transports: given.transports, ca: given.ca && fs.readFileSync(given.ca), forceNew: true, query: { client: given.name },
      reconnectionDelay: 50, reconnectionDelayMax: 400, timeout: 4000
    })
    // Version 2 does not forget a half-received binary packet when its connection is cut, and throws at the next one.
    if (this.old) this.socket.io.on('close', () => { this.socket.io.decoder.reconstructor = null })
    this.listen()
    this.timer = setInterval(() => this.send(), EVERY)
  }

  listen () {
    const socket = this.socket
    socket.on('connect', () => {
      this.report.connects++
      if (socket.recovered) this.report.recoveries++
      else this.lastTick = null // what was said meanwhile was not promised
      this.lastDown = 0
    })
    socket.on('disconnect', reason => {
      if (reason === 'io server disconnect') this.connectLater()
    })
    socket.on('tick', n => {
      if (this.lastTick !== null && n !== this.lastTick + 1) this.fault(`tick ${n} after ${this.lastTick}`)
      this.lastTick = n
    })
    socket.on('down', (n, payload, ack) => {
      const size = payload.length === undefined ? payload.byteLength : payload.length
      if (size !== n % 700) this.fault(`down ${n} has ${size} bytes`)
      if (n <= this.lastDown) this.fault(`down ${n} after ${this.lastDown} on one connection`)
      this.lastDown = n
      this.report.down.push(n)
      ack(n)
    })
  }

  send () {
    // What is sent while there is no connection is kept by the client and sent later; that is bounded here.
    if (this.stopped || this.waiting > 40) return
    const number = ++this.sent
    const payload = number % 7 === 0 ? Buffer.alloc(number % 500, 1) : 'y'.repeat(number % 500)
    this.waiting++
    const done = () => { clearTimeout(timer); this.waiting-- }
    const timer = setTimeout(done, 9000)
    this.socket.emit('up', number, payload, (echo, back) => {
      done()
      const size = back.length === undefined ? back.byteLength : back.length
      if (echo !== number || size !== number % 500) this.fault(`answer to up ${number}: ${echo}, ${size} bytes`)
      this.report.acked.push(number)
      if (this.given.victim) fs.writeSync(1, `acked ${this.given.name} ${number}\n`)
    })
    if (this.given.bounce && number % this.given.bounce === 0) this.bounce(number / this.given.bounce)
  }

  // The ways a connection ends that a client has a part in.
  bounce (turn) {
    const engine = this.socket.io.engine
    if (turn % 3 === 0) this.socket.emit('bounce')
    else if (turn % 3 === 1 || this.old) engine && engine.close()
    else { this.socket.disconnect(); this.connectLater() }
  }

  connectLater () {
    setTimeout(() => this.stopped || this.socket.connect(), 300)
  }

  fault (text) {
    if (this.report.faults.length < 20) this.report.faults.push(text)
  }

  stop () {
    this.stopped = true
    clearInterval(this.timer)
  }
}

const clients = JSON.parse(process.argv[2]).map(given => new Client(given))

function finish () {
  for (const client of clients) client.socket.disconnect()
  const told = clients.map(client => JSON.stringify(client.report) + '\n').join('')
  process.stdout.write(told, () => setTimeout(() => process.exit(0), 200))
}

readline.createInterface({ input: process.stdin }).on('line', line => {
  if (line !== 'stop') return
  for (const client of clients) client.stop()
  const end = Date.now() + SETTLE
  const wait = setInterval(() => {
    if (clients.every(client => client.waiting === 0) || Date.now() > end) { clearInterval(wait); finish() }
  }, 50)
}).on('close', () => process.exit(1))
