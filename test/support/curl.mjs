// As much of curl as the documentation uses: -s, -H, -d, and one address.
const headers = {};
let body;
let url;
const args = process.argv.slice(2);
for (let arg = args.shift(); arg !== undefined; arg = args.shift()) {
  if (arg === '-s') continue;
  if (arg === '-H') {
    const [name, ...value] = (args.shift() ?? '').split(':');
    headers[name] = value.join(':').trim();
  } else if (arg === '-d') body = args.shift();
  else if (arg.startsWith('-')) throw new Error(`this curl knows no ${arg}`);
  else url = arg;
}
const method = body === undefined ? 'GET' : 'POST';
const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
process.stdout.write(`${await response.text()}\n`);
