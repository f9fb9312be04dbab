#!/usr/bin/env python3
#
# Copyright (c) 2026 The claudesec authors
#
# Permission to use, copy, modify, and distribute this software for any
# purpose with or without fee is hereby granted, provided that the above
# copyright notice and this permission notice appear in all copies.
#
# THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
# WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
# MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
# ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
# WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
# ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
# OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.


"""A stand-in for the Messages API, over TLS, for tests.

usage: api.py address port cert key log www

Each request becomes one JSON line in the log before it is answered.  The
answer to a question is "answer to: " and the question's last line.  A line
"RUN command" makes the answer a call of the Bash tool; its result is then
repeated as "result: ...".  A line "SLEEP seconds" delays the answer's end,
"LONG n" asks for words up to word-n, and "HAS te|xt", once or more, whether
that is anywhere in the request.
To other.example.org, GET is for a file below www.
"""

import json
import os
import select
import ssl
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEPT = ('host', 'x-api-key', 'authorization', 'user-agent', 'anthropic-beta',
        'content-type', 'accept-encoding', 'via', 'x-forwarded-for')
lock = threading.Lock()
UUID = '00000000-0000-4000-8000-000000000001'
codes = {}
tokens = {'n': 0, 'refresh_token': 'sk-ant-ort01-0'}


def text_of(content):
    """The texts of a message, the last one last."""
    if isinstance(content, str):
        return [content]
    return [b['text'] for b in content if b.get('type') == 'text']


def result_of(content):
    """A tool's result in a message, or None."""
    if isinstance(content, str):
        return None
    for block in content:
        if block.get('type') == 'tool_result':
            inner = block.get('content', '')
            return '\n'.join(text_of(inner)).strip()
    return None


def reply_to(body):
    """The content block that answers, and seconds to wait before its end."""
    asked = [m for m in body['messages'] if m['role'] == 'user']
    content = asked[-1]['content']
    result = result_of(content)
    if result is not None:
        return {'type': 'text', 'text': 'result: ' + result}, 0
    texts = text_of(content)
    lines = texts[-1].strip().split('\n') if texts else ['']
    wait = 0
    found = []
    for line in lines:
        if line.startswith('RUN '):
            return {'type': 'tool_use', 'id': 'toolu_%d' % time.time_ns(),
                    'name': 'Bash', 'input': {
                        'command': line[4:],
                        'description': 'what the test asks for'}}, 0
        if line.startswith('HAS '):
            # with a bar in it, so that the question is not found itself
            found.append(line[4:].replace('|', '') in json.dumps(body))
        if line.startswith('LONG '):
            return {'type': 'text', 'text': ' '.join(
                'word-%d' % i for i in range(int(line[5:]) + 1))}, 0
        if line.startswith('SLEEP '):
            wait = float(line[6:])
    if found:
        return {'type': 'text', 'text': 'has: ' + ' '.join(
            str(f) for f in found)}, 0
    return {'type': 'text', 'text': 'answer to: ' + lines[-1]}, wait


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def note(self, body):
        line = {'time': time.time(), 'from': self.client_address[0],
                'method': self.command, 'path': self.path,
                'bytes': len(body)}
        for name in KEPT:
            values = self.headers.get_all(name)
            if values:
                line[name] = values[0] if len(values) == 1 else values
        self.tell(line)

    def body(self):
        if 'chunked' in self.headers.get('transfer-encoding', '').lower():
            data = b''
            while True:
                size = int(self.rfile.readline().split(b';')[0], 16)
                data += self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    return data
        return self.rfile.read(int(self.headers.get('content-length', 0)))

    def answer(self, status, obj):
        data = json.dumps(obj).encode()
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.send_header('request-id', 'req_test')
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(data)

    def chunk(self, data):
        self.wfile.write(b'%x\r\n%s\r\n' % (len(data), data))
        self.wfile.flush()

    def event(self, name, **fields):
        fields['type'] = name
        self.chunk(('event: %s\ndata: %s\n\n' %
                    (name, json.dumps(fields))).encode())

    def stream(self, message, block, wait):
        self.send_response(200)
        self.send_header('Content-Type', 'text/event-stream')
        self.send_header('Transfer-Encoding', 'chunked')
        self.send_header('request-id', 'req_test')
        self.end_headers()
        start = dict(message, content=[], stop_reason=None)
        self.event('message_start', message=start)
        if block['type'] == 'text':
            empty = {'type': 'text', 'text': ''}
            words = block['text'].split(' ')
            pieces = [w + ' ' for w in words[:-1]] + words[-1:]
            deltas = [{'type': 'text_delta', 'text': p} for p in pieces]
        else:
            empty = dict(block, input={})
            deltas = [{'type': 'input_json_delta',
                       'partial_json': json.dumps(block['input'])}]
        self.event('content_block_start', index=0, content_block=empty)
        self.event('ping')
        for delta in deltas:
            self.event('content_block_delta', index=0, delta=delta)
        self.linger(wait)
        self.event('content_block_stop', index=0)
        self.event('message_delta', usage={'output_tokens': 7}, delta={
            'stop_reason': message['stop_reason'], 'stop_sequence': None})
        self.event('message_stop')
        self.chunk(b'')

    def linger(self, wait):
        """Before the end of an answer, which the client may not wait for."""
        if not wait:
            return
        self.tell({'begun': self.path})
        if select.select([self.connection], [], [], wait)[0]:
            self.tell({'cancelled': self.path})
            raise ConnectionResetError('cancelled')

    def tell(self, what):
        with lock:
            print(json.dumps(what), file=self.server.log, flush=True)

    def messages(self, body):
        block, wait = reply_to(body)
        message = {
            'id': 'msg_%d' % time.time_ns(), 'type': 'message',
            'role': 'assistant', 'model': body.get('model', 'test'),
            'content': [block], 'stop_sequence': None,
            'stop_reason': 'tool_use' if block['type'] == 'tool_use'
            else 'end_turn',
            'usage': {'input_tokens': 11, 'output_tokens': 7}}
        if body.get('stream'):
            self.stream(message, block, wait)
        else:
            time.sleep(wait)
            self.answer(200, message)

    def authorize(self):
        """The user has agreed, and the browser goes back with a code."""
        query = urllib.parse.parse_qs(self.path.split('?', 1)[1])
        code = 'code-%d' % time.time_ns()
        with lock:
            codes[code] = query['state'][0]
        self.send_response(302)
        self.send_header('Location', query['redirect_uri'][0] + '?' +
                         urllib.parse.urlencode({
                             'code': code,
                             'state': query['state'][0]}))
        self.send_header('Content-Length', '0')
        self.end_headers()

    def token(self, data):
        """A refresh token is good once, the last one that there was."""
        body = json.loads(data)
        kind = 'code' if 'code' in body else 'refresh_token'
        with lock:
            if kind == 'code':
                # which is good once, for who began that very login
                good = codes.pop(body['code'], '') == body.get('state')
            else:
                good = tokens.get(kind) == body.get(kind)
            if good:
                tokens['n'] += 1
                tokens['refresh_token'] = 'sk-ant-ort01-%d' % tokens['n']
        self.note(json.dumps({'good': good}).encode())
        with lock:
            print(json.dumps({'grant': kind, 'good': good,
                              'n': tokens['n']}),
                  file=self.server.log, flush=True)
        if not good:
            return self.answer(400, {'error': 'invalid_grant'})
        self.answer(200, {
            'token_type': 'Bearer', 'expires_in': 28800,
            'access_token': 'sk-ant-oat01-%d' % tokens['n'],
            'refresh_token': tokens['refresh_token'],
            'scope': 'user:inference user:profile',
            'account': {'uuid': UUID, 'email_address': 'user@example.org'},
            'organization': {'uuid': UUID, 'name': 'test'}})

    def do_POST(self):
        data = self.body()
        path = self.path.split('?')[0]
        if path == '/v1/oauth/token':
            return self.token(data)
        self.note(data)
        if path not in ('/v1/messages', '/v1/messages/count_tokens'):
            self.answer(200, {})
            return
        if not ('x-api-key' in self.headers or
                'authorization' in self.headers):
            self.answer(401, {'type': 'error', 'error': {
                'type': 'authentication_error',
                'message': 'no credential'}})
            return
        try:
            body = json.loads(data)
            if path == '/v1/messages':
                self.messages(body)
            else:
                self.answer(200, {'input_tokens': len(data) // 4})
        except (ValueError, KeyError, IndexError) as error:
            self.answer(400, {'type': 'error', 'error': {
                'type': 'invalid_request_error', 'message': str(error)}})

    def file(self):
        path = self.server.www + self.path.split('?')[0]
        if '..' in path or not os.path.isfile(path):
            return self.answer(404, {})
        with open(path, 'rb') as f:
            data = f.read()
        self.send_response(200)
        self.send_header('Content-Type', 'application/octet-stream')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.note(b'')
        if self.headers.get('host') == 'other.example.org':
            return self.file()
        if self.path.split('?')[0].endswith('/oauth/authorize'):
            self.authorize()
        elif self.path.startswith('/api/oauth/profile'):
            self.answer(200, {
                'account': {'uuid': UUID, 'email': 'user@example.org',
                            'has_claude_max': True},
                'organization': {'uuid': UUID,
                                 'organization_type': 'claude_max'}})
        elif self.path == '/tokens/first':
            with lock:
                tokens['refresh_token'] = 'sk-ant-ort01-0'
            self.answer(200, {})
        elif self.path == '/':
            self.answer(200, {'hello': 'from the test API'})
        else:
            self.answer(404, {'type': 'error', 'error': {
                'type': 'not_found_error', 'message': 'not here'}})

    do_HEAD = do_GET


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def finish_request(self, request, client_address):
        # the handshake belongs to the connection's own thread
        request.settimeout(60)
        with self.context.wrap_socket(request, server_side=True) as tls:
            super().finish_request(tls, client_address)

    def handle_error(self, request, client_address):
        with lock:
            print(json.dumps({
                'time': time.time(), 'from': client_address[0],
                'error': repr(sys.exc_info()[1])}),
                file=self.log, flush=True)


def main():
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    address, port, cert, key, log, www = sys.argv[1:]
    server = Server((address, int(port)), Handler)
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(cert, key)
    server.log = open(log, 'a')
    server.www = www
    server.serve_forever()


main()
