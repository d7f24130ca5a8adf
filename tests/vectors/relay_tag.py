#!/usr/bin/env python3
"""Computes relay_tag.txt with SipHash and HKDF of its own: python3 relay_tag.py > relay_tag.txt"""
import hashlib, hmac, struct

M = (1 << 64) - 1
KEY = bytes(range(16))


def siphash128(key, message):
    rotl = lambda x, b: ((x << b) | (x >> (64 - b))) & M
    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D ^ 0xEE, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]

    def rounds(n):
        for _ in range(n):
            v[0] = (v[0] + v[1]) & M; v[1] = rotl(v[1], 13) ^ v[0]; v[0] = rotl(v[0], 32)
            v[2] = (v[2] + v[3]) & M; v[3] = rotl(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & M; v[3] = rotl(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & M; v[1] = rotl(v[1], 17) ^ v[2]; v[2] = rotl(v[2], 32)

    padded = message + bytes(7 - len(message) % 8) + bytes([len(message) & 255])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word; rounds(2); v[0] ^= word
    v[2] ^= 0xEE; rounds(4); low = v[0] ^ v[1] ^ v[2] ^ v[3]
    v[1] ^= 0xDD; rounds(4); high = v[0] ^ v[1] ^ v[2] ^ v[3]
    return struct.pack("<QQ", low, high)


def hkdf(secret, info, size):
    key, block, out = hmac.new(bytes(32), secret, hashlib.sha256).digest(), b"", b""
    while len(out) < size:
        block = hmac.new(key, block + info + bytes([len(out) // 32 + 1]), hashlib.sha256).digest()
        out += block
    return out[:size]


def tag(key, key_id, special, p2p, side, slot, nonce):
    head = struct.pack("<BHI", 0xC0 | key_id << 3 | special << 2 | p2p << 1 | side, slot, nonce)
    return head + siphash128(key, head)[:9]


assert siphash128(KEY, b"").hex() == "a3817f04ba25a8e66df67214c7550293"
print("# Peer tags under key 00 01 .. 0f, and key derivation. Written by relay_tag.py, which has a SipHash and an")
print("# HKDF of its own; its SipHash starts with a check against the published reference vector.\n")
print("# key id 0, no p2p, slot 0x6d5c, nonce 0x01020304: caller, callee")
print("plain.caller =", tag(KEY, 0, 0, 0, 0, 0x6D5C, 0x01020304).hex())
print("plain.callee =", tag(KEY, 0, 0, 0, 1, 0x6D5C, 0x01020304).hex())
print("# key id 5, p2p, slot 0xffff, nonce 0xfffffffe")
print("p2p.caller =", tag(KEY, 5, 0, 1, 0, 0xFFFF, 0xFFFFFFFE).hex())
print("p2p.callee =", tag(KEY, 5, 0, 1, 1, 0xFFFF, 0xFFFFFFFE).hex())
print("# key id 7, class bit, slot 0, nonce 0")
print("special.caller =", tag(KEY, 7, 1, 0, 0, 0, 0).hex())
print("# key of relay 7 from the secret \"north\", key ids 0 and 3")
for key_id in (0, 3):
    print(f"derived.{key_id} =", hkdf(b"north", b"tag" + struct.pack("<IB", 7, key_id), 16).hex())
print("# a tag under derived.3: key id 3, no p2p, slot 1, nonce 42, caller")
print("derived.tag =", tag(hkdf(b"north", b"tag" + struct.pack("<IB", 7, 3), 16), 3, 0, 0, 0, 1, 42).hex())
