//! Stateless gRPC node that prices baskets.
