// Run where the providers' JavaScript SDKs are installed: their streaming, tool, error and retry paths through a gateway, as JSON.
//
//     NODE_PATH does not reach modules, so: cd FOLDER_WITH_node_modules && node .../bench/gateway_sdk_calls.mjs URL
//
// Every call goes to URL; the model API behind it is gateway_mock.py. Paths and expectations are those of gateway_sdk_calls.py.

import { strict as assert } from 'node:assert'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { existsSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const URL_ = process.argv[2]
const from = createRequire(pathToFileURL(join(process.cwd(), 'none.js')))
const rows = []
const WORDS = Array.from({ length: 20 }, (_, n) => `word ${n} `).join('')
const CHAT = { model: 'mock', messages: [{ role: 'user', content: 'hi' }] }

async function load(name) {
  const entry = from.resolve(name)
  const module = await import(pathToFileURL(entry))
  let folder = dirname(entry)
  while (!existsSync(join(folder, 'package.json')) || !readFileSync(join(folder, 'package.json'), 'utf8').includes('"version"')) {
    folder = dirname(folder)
  }
  return [module, JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version]
}

async function path(sdk, version, name, call) {
  let outcome = 'passes'
  try {
    await call()
  } catch (error) {
    outcome = `${error.constructor.name}: ${error.message}`.slice(0, 200)
  }
  rows.push({ sdk, version, path: name, outcome })
}

async function refused(call, kind) {
  try {
    await call()
  } catch (error) {
    assert.ok(error instanceof kind, `${error.constructor.name}: ${error.message}`)
    return error
  }
  throw new Error('no error')
}

async function joined(events, text) {
  let said = ''
  for await (const event of events) said += text(event) ?? ''
  return said
}

async function openai() {
  const [{ OpenAI }, version] = await load('openai')
  const client = new OpenAI({ apiKey: 'sk-sdk-openai-js-000000', baseURL: `${URL_}/v1`, maxRetries: 0 })
  const run = (name, call) => path('openai (JavaScript)', version, name, call)
  await run('chat, whole', async () => {
    assert.equal((await client.chat.completions.create(CHAT)).choices[0].finish_reason, 'stop')
  })
  await run('chat, streamed', async () => {
    const got = await client.chat.completions.create({ ...CHAT, stream: true, stream_options: { include_usage: true } })
    assert.equal(await joined(got, (e) => e.choices[0]?.delta.content), WORDS)
  })
  await run('chat, tool calls streamed', async () => {
    const got = await client.chat.completions.create({ ...CHAT, stream: true }, { headers: { 'x-mock-tools': '1' } })
    const said = await joined(got, (e) => (e.choices[0]?.delta.tool_calls ?? []).map((t) => t.function.arguments ?? '').join(''))
    assert.equal(said, '{"city": "<think>Rome"}')
  })
  await run('chat, a stream that the caller leaves', async () => {
    const got = await client.chat.completions.create({ ...CHAT, stream: true }, { headers: { 'x-mock-events': '500', 'x-mock-pace': '0.01' } })
    for await (const _ of got) break
  })
  await run('responses, whole', async () => {
    assert.equal((await client.responses.create({ model: 'mock', input: 'hi' })).output_text.split(' ')[0], 'The')
  })
  await run('responses, streamed', async () => {
    const got = await client.responses.create({ model: 'mock', input: 'hi', stream: true })
    assert.equal(await joined(got, (e) => (e.type === 'response.output_text.delta' ? e.delta : '')), WORDS)
  })
  await run('an upstream error keeps its kind', async () => {
    const error = await refused(() => client.chat.completions.create(CHAT, { headers: { 'x-mock-status': '404' } }), OpenAI.NotFoundError)
    assert.equal(error.error.message, 'mock says no')
  })
  await run('a 429 is tried again', async () => {
    const got = await client.chat.completions.create(CHAT, { headers: { 'x-mock-once': 'openai-js' }, maxRetries: 2 })
    assert.equal(got.choices[0].finish_reason, 'stop')
  })
  await run('a refusal of the gateway has its code', async () => {
    const error = await refused(() => client.chat.completions.create({ ...CHAT, model: 'blocked' }), OpenAI.PermissionDeniedError)
    assert.equal(error.code, 'request_not_allowed')
  })
}

async function anthropic() {
  const [{ Anthropic }, version] = await load('@anthropic-ai/sdk')
  const client = new Anthropic({ apiKey: 'sk-ant-sdk-js-00000000', baseURL: URL_, maxRetries: 0 })
  const asked = { model: 'mock', max_tokens: 50, messages: [{ role: 'user', content: 'hi' }] }
  const run = (name, call) => path('anthropic (JavaScript)', version, name, call)
  await run('messages, whole', async () => {
    assert.equal((await client.messages.create(asked)).stop_reason, 'end_turn')
  })
  await run('messages, streamed', async () => {
    const got = await client.messages.create({ ...asked, stream: true })
    assert.equal(await joined(got, (e) => (e.type === 'content_block_delta' ? e.delta.text : '')), WORDS)
  })
  await run('thinking keeps its signature', async () => {
    const got = await client.messages.stream(asked, { headers: { 'x-mock-reasoning': '1' } }).finalMessage()
    assert.deepEqual([got.content[0].type, got.content[0].signature], ['thinking', 'c2lnbmVk'])
  })
  await run('tool calls streamed', async () => {
    const got = await client.messages.stream(asked, { headers: { 'x-mock-tools': '1' } }).finalMessage()
    assert.deepEqual(got.content.at(-1).input, { city: '<think>Rome' })
  })
  await run('an upstream error keeps its kind', async () => {
    await refused(() => client.messages.create(asked, { headers: { 'x-mock-status': '404' } }), Anthropic.NotFoundError)
  })
  await run('a 429 is tried again', async () => {
    const got = await client.messages.create(asked, { headers: { 'x-mock-once': 'anthropic-js' }, maxRetries: 2 })
    assert.equal(got.stop_reason, 'end_turn')
  })
  await run('a refusal of the gateway has its kind', async () => {
    const error = await refused(() => client.messages.create({ ...asked, model: 'blocked' }), Anthropic.PermissionDeniedError)
    assert.equal(error.error.error.details.code, 'request_not_allowed')
  })
}

for (const [name, paths] of [['openai', openai], ['anthropic', anthropic]]) {
  try {
    await paths()
  } catch (error) {
    rows.push({ sdk: `${name} (JavaScript)`, version: '-', path: 'all', outcome: `not run: ${error.message}`.slice(0, 200) })
  }
}
console.log(JSON.stringify(rows))
