// Which addresses of the network a plugin may reach.
#pragma once

#include <sys/socket.h>

#include <string>

#include "registry/manifest/origin.hpp"

namespace bulkhead::host {

// False for an address of this machine, of a private or local network, for a multicast or reserved
// one, and for what is no IP address: what a name of the outside world must not lead to.
bool is_public_address(const sockaddr& address);

// Whether a connection for this origin may go to that address. What a person granted by its address
// is meant; "localhost" is this machine; a name must lead to a public address.
bool may_connect(const manifest::Origin& origin, const sockaddr& address);

std::string address_text(const sockaddr& address);  // "10.0.0.1", "fd00::1"

}  // namespace bulkhead::host
