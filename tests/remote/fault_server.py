"""A service that does what services do on a bad day. The first part of a request's path says what: POST /silent/...

Prints its port, then answers until it is ended. POST /log gives what was asked so far: path, headers (names in lower case)
and body of each request but these.
"""

import datetime
import http.server
import json
import ssl
import subprocess
import sys
import time

LOG = []
OTHER_PORT = 0


def completion(text="Hello", finish_reason="stop", message=None):
    return {
        "id": "1", "object": "chat.completion", "created": 1, "model": "the-model",
        "choices": [{"index": 0, "finish_reason": finish_reason, "logprobs": None,
                     "message": message or {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }


def chunk(delta, finish_reason=None, **more):
    choices = [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "the-model", "choices": choices, **more}


def events(chunks, done=True):
    lines = [f"data: {json.dumps(each, ensure_ascii=False)}\n\n" for each in chunks]
    return "".join(lines + ["data: [DONE]\n\n"] * done).encode()


def text_stream(done=True, finish=True):
    chunks = [chunk({"role": "assistant", "content": ""})] + [chunk({"content": word}) for word in ("Grüße", " aus", " 🚢")]
    if finish:
        chunks.append(chunk({}, "stop"))
        chunks.append({**chunk({}), "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}})
    return events(chunks, done)


def tool_stream():
    def call(index, **function):
        names = {"id": f"call_{index}", "type": "function"} if "name" in function else {}
        return chunk({"tool_calls": [{"index": index, **names, "function": function}]})

    return events([
        chunk({"role": "assistant", "content": None}),
        call(0, name="weather", arguments=""), call(0, arguments='{"ci'), call(0, arguments='ty": "Ham'),
        call(0, arguments='burg"}'),
        call(1, name="time", arguments=""), call(1, arguments='{"zone": "CET'), call(1, arguments='"}'),
        call(2, name="broken", arguments=""), call(2, arguments='{"a": '),
        chunk({}, "tool_calls"),
    ])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, content_type="application/json", **headers):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def error(self, status, message, **headers):
        self.answer(status, {"error": {"message": message, "type": "x", "code": None}}, **headers)

    def start_stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def piece(self, data):
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def stream(self, data):
        self.start_stream()
        self.piece(data)
        self.wfile.write(b"0\r\n\r\n")

    def do_GET(self):
        self.error(405, "only POST")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        what, *arguments = self.path.partition("?")[0].strip("/").split("/")
        if what == "log":
            return self.answer(200, LOG)
        LOG.append({"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body})
        times = sum(entry["path"] == self.path for entry in LOG)
        asked = json.loads(body) if body.startswith("{") else {}
        getattr(self, "do_" + what, self.do_ok)(arguments, asked, times)

    def do_ok(self, arguments, asked, times):
        if asked.get("stream"):
            return self.stream(text_stream())
        if asked.get("n", 1) > 1:
            both = completion()
            both["choices"] = [{**both["choices"][0], "index": i} for i in range(asked["n"])]
            return self.answer(200, both)
        self.answer(200, completion())

    def do_length(self, arguments, asked, times):
        self.answer(200, completion(finish_reason="length"))

    def do_status(self, arguments, asked, times):
        """/status/429: always"""
        self.error(int(arguments[0]), f"status {arguments[0]}")

    def do_flaky(self, arguments, asked, times):
        """/flaky/429/2/0.2: that status twice, with Retry-After: 0.2; "date" stands for one second from now"""
        status, failures, *after = arguments
        if times > int(failures):
            return self.do_ok(arguments, asked, times)
        headers = {}
        if after and after[0] == "date":
            moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
            headers["Retry_After"] = moment.strftime("%a, %d %b %Y %H:%M:%S GMT")
        elif after and after[0].replace(".", "").isdigit():
            headers["Retry_After"] = after[0]
        self.error(int(status), "not now", **headers)

    def do_dropped(self, arguments, asked, times):
        """/dropped/2: closes the connection without an answer twice"""
        if times > int(arguments[0]):
            return self.do_ok(arguments, asked, times)
        self.close_connection = True

    def do_silent(self, arguments, asked, times):
        time.sleep(60)

    def do_silent_in_the_middle(self, arguments, asked, times):
        self.start_stream()
        self.piece(text_stream(done=False, finish=False))
        time.sleep(60)

    def do_slow(self, arguments, asked, times):
        """never silent for long, but long"""
        self.start_stream()
        for byte in range(0, len(text_stream()), 60):
            self.piece(text_stream()[byte:byte + 60])
            time.sleep(0.1)
        self.wfile.write(b"0\r\n\r\n")

    def do_cut(self, arguments, asked, times):
        self.start_stream()
        self.piece(text_stream(done=False, finish=False))
        self.close_connection = True

    def do_cut_after_done(self, arguments, asked, times, done=True):
        self.start_stream()
        self.piece(text_stream(done=done))
        self.close_connection = True

    def do_cut_after_finish(self, arguments, asked, times):
        self.do_cut_after_done(arguments, asked, times, done=False)

    def do_ends_early(self, arguments, asked, times):
        self.stream(text_stream(done=False, finish=False))

    def do_not_json(self, arguments, asked, times):
        self.answer(200, b'{"choices": [', "application/json")

    def do_event_not_json(self, arguments, asked, times):
        self.stream(b'data: {"choices": [\n\n')

    def do_wrong_shape(self, arguments, asked, times):
        shapes = [[], {}, {"choices": 3}, {"choices": [3]}, {"choices": [{"message": None}]},
                  {"choices": [{"message": {"content": 7}}]}, {"choices": [{"message": {"tool_calls": [1]}}]},
                  {"choices": [{"delta": 5}]}, {"choices": [{"delta": {"tool_calls": [{"function": 1}]}}]}]
        shape = shapes[int(arguments[0])]
        return self.stream(events([shape])) if asked.get("stream") else self.answer(200, shape)

    def do_event_error(self, arguments, asked, times):
        self.stream(text_stream(done=False, finish=False) + events([{"error": {"message": "overloaded"}}]))

    def do_byte_by_byte(self, arguments, asked, times):
        self.start_stream()
        for byte in text_stream():
            self.piece(bytes([byte]))
        self.wfile.write(b"0\r\n\r\n")

    def do_replay(self, arguments, asked, times):
        """the answer that stands in the request: status, headers and the pieces of the body, as text or in hexadecimal"""
        case = asked["replay"]
        self.send_response(case["status"])
        for name, value in case["headers"].items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        pieces = [text.encode() for text in case.get("chunks", [])] + [bytes.fromhex(text) for text in case.get("chunks_hex", [])]
        for piece in filter(None, pieces):
            self.piece(piece)
        self.wfile.write(b"0\r\n\r\n")

    def do_tools(self, arguments, asked, times):
        if asked.get("stream"):
            return self.stream(tool_stream())

        def call(name, arguments):
            return {"id": "call_" + name, "type": "function", "function": {"name": name, "arguments": arguments}}

        calls = [call("weather", '{"city": "Hamburg"}'), call("broken", '{"a": ')]
        message = {"role": "assistant", "content": None, "tool_calls": calls}
        self.answer(200, completion(finish_reason="tool_calls", message=message))

    def do_big(self, arguments, asked, times):
        """100 MB, and no length beforehand"""
        self.start_stream()
        try:
            for _ in range(100):
                self.piece(b" " * 1_000_000)
        except OSError:
            LOG.append({"path": "/big hung up"})
        self.close_connection = True

    def do_many_headers(self, arguments, asked, times):
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for i in range(100_000):
                self.wfile.write(f"X-{i}: {'x' * 1000}\r\n".encode())
        except OSError:
            pass
        self.close_connection = True

    def do_redirect(self, arguments, asked, times):
        """/redirect/307/other/...: to /... on another port, which is another host to a browser"""
        status, target, *rest = arguments
        host = f"http://127.0.0.1:{OTHER_PORT}" if target == "other" else ""
        self.answer(int(status), b"", Location=f"{host}/{'/'.join(rest)}")

    def do_redirect_without_end(self, arguments, asked, times):
        self.answer(307, b"", Location=self.path)

    def do_redirect_to_file(self, arguments, asked, times):
        self.answer(307, b"", Location="file:///etc/passwd")

    def do_echo(self, arguments, asked, times):
        """sends back all that it got, as servers do that are set up to help with debugging"""
        got = f"Wrong key: {dict(self.headers.items())}"
        if arguments[:1] == ["text"]:
            return self.answer(401, got.encode(), "text/plain")
        if arguments[:1] == ["event"]:
            return self.stream(events([{"error": {"message": got}}]))
        if arguments[:1] == ["success"]:
            return self.answer(200, got.encode(), "text/plain")
        self.error(401, got)

    def do_echo_once(self, arguments, asked, times):
        if times > 1:
            return self.do_ok(arguments, asked, times)
        self.error(503, f"Busy: {dict(self.headers.items())}")


def serve(tls_folder=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls_folder:
        names = [f"{tls_folder}/key.pem", f"{tls_folder}/cert.pem"]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", names[0], "-out", names[1]],
            check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(names[1], names[0])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


if __name__ == "__main__":
    import threading

    other = serve()
    OTHER_PORT = other.server_address[1]
    threading.Thread(target=other.serve_forever, daemon=True).start()
    server = serve(sys.argv[1] if len(sys.argv) > 1 else None)
    print(server.server_address[1], flush=True)
    server.serve_forever()
