// Reads the event streams of a JSON file with eventsource-parser: a list of lists of chunks, bytes as hexadecimal.
// Writes what it makes of each, as a JSON list on standard output.
import { readFileSync } from 'node:fs'
import { createParser } from 'eventsource-parser'

function interpret(chunks) {
  const heard = { events: [], retry: null, last: null }
  const parser = createParser({
    onId: (id) => { heard.last = id },
    onRetry: (retry) => { heard.retry = retry },
    onEvent: (event) => { heard.events.push([event.event ?? 'message', event.data, heard.last]) },
  })
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true }) // the parser takes the mark off itself
  for (const chunk of chunks) parser.feed(decoder.decode(Buffer.from(chunk, 'hex'), { stream: true }))
  return heard
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(process.argv[2], 'utf8')).map(interpret)))
